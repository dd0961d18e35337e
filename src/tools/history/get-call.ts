import { z } from "zod";
import { defineTool, readOnlyHere } from "../../mcp/define-tool.ts";
import { NotFound } from "../../mcp/errors.ts";
import { recordedCall, toRecordedCall } from "./recorded-call.ts";

export const getCall = defineTool({
  name: "get_call",
  title: "Get an earlier call",
  description: "Reads one call of the history by the handle that list_calls, or the (ref …) of an error, gave.",
  toolset: "history",
  scopes: ["mcp:use"],
  annotations: readOnlyHere,
  mayRepeat: true,
  input: z.strictObject({ call: z.string().max(64).describe("Handle of the call, as in call_3kx9q2mf_1a_7qzd") }),
  output: recordedCall.extend({
    client: z.string().describe("name/version of the client that called"),
    era: z.enum(["sessionful", "stateless"]).describe("Which era of the protocol it came by"),
    trace: z.string().optional().describe("The W3C traceparent that came with it"),
    error: z.string().optional().describe("The class of the error"),
    result: z.string().optional().describe("Handle of the stored result that its answer leads to: read_result takes it")
  }),
  async run({ call }, ctx) {
    const found = await ctx.history.get(call);
    if (!found) throw new NotFound(`No call of yours has the handle ${call}. Use list_calls to find the right one.`);
    const { client, era, trace, error, result } = found;
    return { ...toRecordedCall(found), client, era, trace, error, result };
  },
  render: ({ tool, outcome, startedAt, durationMs, preview }) =>
    [
      `${tool} at ${startedAt}: ${outcome}${durationMs === undefined ? "" : ` after ${durationMs} ms`}`,
      preview && `Its answer: ${JSON.stringify(preview)}`
    ]
      .filter(Boolean)
      .join("\n")
});
