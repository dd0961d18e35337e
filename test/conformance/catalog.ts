import { createCatalog } from "../../src/mcp/catalog.ts";
import { audioContent, embeddedResource, failing, imageContent, mixedContent, simpleText } from "./contents.ts";
import { logging, progress, promptChange, quietLogging, reconnection, toolChange } from "./notifications.ts";
import { promptThatAsks, promptWithArguments, promptWithImage, promptWithResource, simplePrompt } from "./prompts.ts";
import { elicitation, elicitationDefaults, elicitationEnums, missingCapability, sampling, streamingElicitation } from "./questions.ts";
import { dataOf, staticBinary, staticText, watched } from "./resources.ts";
import {
  declaredOnly,
  roundOfElicitation,
  roundOfRoots,
  roundOfSampling,
  roundOfSeveral,
  roundWithState,
  severalRounds,
  tamperedState
} from "./rounds.ts";
import { jsonSchema, mirroredArguments } from "./schemas.ts";

/** What the protocol's referee expects to find: names, arguments and answers are those of its scenarios. */
export const catalog = createCatalog({
  info: { name: "dormouse-conformance", title: "Dormouse, refereed", version: "0.0.0" },
  instructions: "A catalog for the conformance suite.",
  tools: [
    ...[simpleText, imageContent, audioContent, embeddedResource, mixedContent, failing],
    ...[logging, progress, reconnection, quietLogging, toolChange, promptChange],
    ...[sampling, elicitation, elicitationDefaults, elicitationEnums, missingCapability, streamingElicitation],
    ...[roundOfElicitation, roundOfSampling, roundOfRoots, roundWithState, roundOfSeveral, severalRounds, tamperedState, declaredOnly],
    ...[jsonSchema, mirroredArguments]
  ],
  prompts: [simplePrompt, promptWithArguments, promptWithResource, promptWithImage, promptThatAsks],
  resources: [staticText, staticBinary, dataOf, watched]
});
