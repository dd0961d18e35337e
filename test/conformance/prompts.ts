import { z } from "zod";
import { elicit } from "../../src/mcp/ask.ts";
import { embedded, image } from "../../src/mcp/content.ts";
import { definePrompt, userMessage } from "../../src/mcp/define-prompt.ts";
import { FIXTURE } from "./fixture.ts";
import { RED_PIXEL_PNG } from "./media.ts";

const { toolset } = FIXTURE;

export const simplePrompt = definePrompt({
  name: "test_simple_prompt",
  title: "Simple prompt",
  description: "A prompt without arguments.",
  toolset,
  input: z.object({}),
  messages: async () => [userMessage("This is a simple prompt for testing.")]
});

export const promptWithArguments = definePrompt({
  name: "test_prompt_with_arguments",
  title: "Prompt with arguments",
  description: "A prompt that repeats its arguments.",
  toolset,
  input: z.object({ arg1: z.string().describe("First test argument"), arg2: z.string().describe("Second test argument") }),
  messages: async ({ arg1, arg2 }) => [userMessage(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
  complete: async (_, value) => WORDS.filter((word) => word.startsWith(value))
});

/** What the arguments of {@link promptWithArguments} are completed with. */
const WORDS = ["paris", "park", "party", "test", "testing"];

export const promptWithResource = definePrompt({
  name: "test_prompt_with_embedded_resource",
  title: "Prompt with a resource",
  description: "A prompt that embeds a resource.",
  toolset,
  input: z.object({ resourceUri: z.string().describe("URI of the resource to embed") }),
  messages: async ({ resourceUri }) => [
    { role: "user", content: embedded({ uri: resourceUri, mimeType: "text/plain", text: "Embedded resource content for testing." }) },
    userMessage("Please process the embedded resource above.")
  ]
});

export const promptWithImage = definePrompt({
  name: "test_prompt_with_image",
  title: "Prompt with an image",
  description: "A prompt that shows an image.",
  toolset,
  input: z.object({}),
  messages: async () => [{ role: "user", content: image(RED_PIXEL_PNG, "image/png") }, userMessage("Please analyze the image above.")]
});

/** SEP-2322: a prompt may ask as a tool does. */
export const promptThatAsks = definePrompt({
  name: "test_input_required_result_prompt",
  title: "Prompt that asks",
  description: "A prompt that asks the user what it is about.",
  toolset,
  input: z.object({}),
  async messages(_, ctx) {
    const form = z.object({ context: z.string() });
    const { user_context } = await ctx.ask({ user_context: elicit("What context should the prompt use?", form) });
    return [userMessage(user_context.action === "accept" ? `Use this context: ${user_context.content.context}` : "Use no context.")];
  }
});
