import { z } from "zod";
import { cutToJsonBytes } from "../../lib/text.ts";
import { OUTCOMES } from "../../mcp/errors.ts";
import type { RecordedCall } from "../../mcp/history.ts";
import { writtenByOthers } from "../../mcp/written-by-others.ts";

/** A call of the history as tools and resources show it. */
export const recordedCall = z.object({
  call: z.string().describe("Handle: get_call takes it"),
  session: z.string().optional().describe("Handle of its session; absent for a call of the stateless era, which has none"),
  tool: z.string(),
  outcome: z.enum(OUTCOMES).describe("unknown: it was in flight when the server stopped, or nobody knows whether a write took effect"),
  startedAt: z.string().describe("ISO 8601"),
  durationMs: z.int().optional().describe("Absent while the call is not settled"),
  arguments: z.string().optional().describe("JSON text, cut where it is long"),
  preview: writtenByOthers(z.string().describe("The beginning of the answer")).optional()
});

/** What a page shows of arguments and answers, bytes: a hundred calls must fit one message, and a few may show more of each. */
const PAGE_BYTES = 24 * 1024;
const MAX_SHOWN_BYTES = 400;

/** Shows the calls of a page. */
export function toRecordedCalls(calls: readonly RecordedCall[]): z.input<typeof recordedCall>[] {
  const shownBytes = Math.min(MAX_SHOWN_BYTES, PAGE_BYTES / (2 * calls.length));
  return calls.map(toRecordedCall).map((call) => ({
    ...call,
    arguments: call.arguments && cutToJsonBytes(call.arguments, shownBytes),
    preview: call.preview && cutToJsonBytes(call.preview, shownBytes)
  }));
}

/** Shows a call by itself. */
export function toRecordedCall({
  call,
  session,
  tool,
  outcome,
  startedMs,
  durationMs,
  arguments: args,
  preview
}: RecordedCall): z.input<typeof recordedCall> {
  return { call, session, tool, outcome, startedAt: new Date(startedMs).toISOString(), durationMs, arguments: args, preview };
}
