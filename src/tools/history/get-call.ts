import { z } from "zod";
import { defineTool, readOnlyHere } from "../../mcp/define-tool.ts";
import { NotFound } from "../../mcp/errors.ts";
import { callDetails, readCallDetails, textOfCall } from "./call-details.ts";

/** Below a call's deadline of 9 s. */
const MAX_WAIT_SECONDS = 8;

/** How often a client that waits is told how far the call is. */
const LOOK_MS = 1000;

export const getCall = defineTool({
  name: "get_call",
  title: "Get an earlier call",
  description:
    "Reads one call of the history by the handle that list_calls, the (ref …) of an error, or an answer with the status running gave: how it ended, or how far it is. Its whole answer is there where the call went on without its client.",
  toolset: "history",
  scopes: ["mcp:use"],
  annotations: readOnlyHere,
  mayRepeat: true,
  input: z.strictObject({
    call: z.string().max(64).describe("Handle of the call, as in call_3kx9q2mf_1a_7qzd"),
    waitSeconds: z
      .int()
      .min(0)
      .max(MAX_WAIT_SECONDS)
      .default(0)
      .describe("Answer as soon as the call has ended, at the latest after so many seconds")
  }),
  output: callDetails,
  async run({ call, waitSeconds }, ctx) {
    const untilMs = Date.now() + waitSeconds * 1000;
    let told = Number.NEGATIVE_INFINITY;
    for (;;) {
      const leftMs = Math.max(0, untilMs - Date.now());
      const found = await ctx.history.watch({ call, waitMs: Math.min(leftMs, LOOK_MS) });
      if (!found) throw new NotFound(`No call of yours has the handle ${call}. Use list_calls to find the right one.`);
      const { outcome, progress } = found;
      if (leftMs === 0 || (outcome !== "running" && outcome !== "pending")) return readCallDetails(found, ctx.results);
      if (progress && progress.done > told) await ctx.progress(progress.done, progress.total, progress.message);
      told = progress?.done ?? told;
      ctx.signal.throwIfAborted(); // whoever waited has gone
    }
  },
  render: textOfCall
});
