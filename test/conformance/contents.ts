import { z } from "zod";
import { audio, content, embedded, image, text } from "../../src/mcp/content.ts";
import { defineTool } from "../../src/mcp/define-tool.ts";
import { InvalidInput } from "../../src/mcp/errors.ts";
import { FIXTURE } from "./fixture.ts";
import { RED_PIXEL_PNG, SILENT_WAV } from "./media.ts";

export const simpleText = defineTool({
  ...FIXTURE,
  name: "test_simple_text",
  title: "Simple text",
  description: "Answers with a text.",
  input: z.object({}),
  run: async () => content(text("This is a simple text response for testing."))
});

export const imageContent = defineTool({
  ...FIXTURE,
  name: "test_image_content",
  title: "Image",
  description: "Answers with an image.",
  input: z.object({}),
  run: async () => content(image(RED_PIXEL_PNG, "image/png"))
});

export const audioContent = defineTool({
  ...FIXTURE,
  name: "test_audio_content",
  title: "Audio",
  description: "Answers with a sound.",
  input: z.object({}),
  run: async () => content(audio(SILENT_WAV, "audio/wav"))
});

export const embeddedResource = defineTool({
  ...FIXTURE,
  name: "test_embedded_resource",
  title: "Embedded resource",
  description: "Answers with a resource.",
  input: z.object({}),
  run: async () =>
    content(embedded({ uri: "test://embedded-resource", mimeType: "text/plain", text: "This is an embedded resource content." }))
});

export const mixedContent = defineTool({
  ...FIXTURE,
  name: "test_multiple_content_types",
  title: "Mixed content",
  description: "Answers with a text, an image and a resource.",
  input: z.object({}),
  run: async () =>
    content(
      text("Multiple content types test:"),
      image(RED_PIXEL_PNG, "image/png"),
      embedded({ uri: "test://mixed-content-resource", mimeType: "application/json", text: '{"test":"data","value":123}' })
    )
});

export const failing = defineTool({
  ...FIXTURE,
  name: "test_error_handling",
  title: "Error",
  description: "Fails, always.",
  input: z.object({}),
  async run() {
    throw new InvalidInput("This tool intentionally returns an error for testing.");
  }
});
