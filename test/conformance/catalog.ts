import { createCatalog } from "../../src/mcp/catalog.ts";
import { audioContent, embeddedResource, failing, imageContent, mixedContent, simpleText } from "./contents.ts";
import { logging, progress, reconnection } from "./notifications.ts";
import { promptWithArguments, promptWithImage, promptWithResource, simplePrompt } from "./prompts.ts";
import { elicitation, elicitationDefaults, elicitationEnums, sampling } from "./questions.ts";
import { dataOf, staticBinary, staticText, watched } from "./resources.ts";
import { jsonSchema } from "./schemas.ts";

/** What the protocol's referee expects to find: names, arguments and answers are those of its scenarios. */
export const catalog = createCatalog({
  info: { name: "dormouse-conformance", title: "Dormouse, refereed", version: "0.0.0" },
  instructions: "A catalog for the conformance suite.",
  tools: [
    ...[simpleText, imageContent, audioContent, embeddedResource, mixedContent, failing],
    ...[logging, progress, reconnection],
    ...[sampling, elicitation, elicitationDefaults, elicitationEnums],
    jsonSchema
  ],
  prompts: [simplePrompt, promptWithArguments, promptWithResource, promptWithImage],
  resources: [staticText, staticBinary, dataOf, watched]
});
