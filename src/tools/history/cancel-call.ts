import { z } from "zod";
import { defineTool, destructiveHere } from "../../mcp/define-tool.ts";
import { InvalidInput, NotFound } from "../../mcp/errors.ts";
import { callDetails, readCallDetails, textOfCall } from "./call-details.ts";

/** A write that is told to stop has a second to say what became of it. */
const SETTLE_MS = 2000;

export const cancelCall = defineTool({
  name: "cancel_call",
  title: "Stop a call",
  description:
    "Tells a call that is running to stop, wherever it runs, and answers how it ended. What it did stays done. Use list_calls with the outcome running to find it, and cancel_run for a run of a workflow.",
  toolset: "history",
  scopes: ["mcp:use"],
  annotations: destructiveHere,
  input: z.strictObject({ call: z.string().max(64).describe("Handle of the call, as in call_3kx9q2mf_1a_7qzd") }),
  output: callDetails,
  async run({ call }, ctx) {
    const wasRunning = await ctx.history.stop(call);
    const found = await ctx.history.watch({ call, waitMs: wasRunning ? SETTLE_MS : 0 });
    if (!found) throw new NotFound(`No call of yours has the handle ${call}. Use list_calls to find the right one.`);
    if (!wasRunning) throw new InvalidInput(`The call is not running: it is ${found.outcome}. Nothing was changed.`);
    return readCallDetails(found, ctx.results);
  },
  render: (details) =>
    details.outcome === "running" ? `It was told to stop, and has not yet.\n${textOfCall(details)}` : textOfCall(details)
});
