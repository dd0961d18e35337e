import { z } from "zod";
import type { Json } from "../../lib/json.ts";
import { utf8Bytes } from "../../lib/text.ts";
import { ANSWER_NOT_KEPT, NO_ANSWERS_KEPT } from "../../mcp/calls/detach.ts";
import { titleOfAnswer } from "../../mcp/calls/keep-whole.ts";
import { NotFound } from "../../mcp/errors.ts";
import type { WatchedCall } from "../../mcp/history.ts";
import type { Results } from "../../mcp/results.ts";
import { writtenByOthers } from "../../mcp/written-by-others.ts";
import { recordedCall, toRecordedCall } from "./recorded-call.ts";

/** A call in full. */
export const callDetails = recordedCall.extend({
  client: z.string().describe("name/version of the client that called"),
  era: z.enum(["sessionful", "stateless"]).describe("Which era of the protocol it came by"),
  trace: z.string().optional().describe("The W3C traceparent that came with it"),
  error: z.string().optional().describe("The class of the error"),
  reason: z.string().optional().describe("Why nobody knows what became of it, or why its answer is not here"),
  progress: z
    .object({
      done: z.number(),
      total: z.number().optional(),
      message: writtenByOthers(z.string()).optional()
    })
    .optional()
    .describe("How far it is, while it is running"),
  output: writtenByOthers(
    z.unknown().describe("Its whole answer, where that was kept because its client did not wait for it, and is short enough")
  ).optional(),
  result: z
    .string()
    .optional()
    .describe("Handle of the stored result that its answer leads to, or that holds it whole: read_result takes it")
});

type CallDetails = z.input<typeof callDetails>;

/** Shows a call in full, with its whole answer where that was kept and fits. */
export async function readCallDetails(found: WatchedCall, results: Pick<Results, "read">): Promise<CallDetails> {
  const { client, era, trace, error, progress, result } = found;
  const leftBytes = DETAILS_BYTES - utf8Bytes(JSON.stringify(found.arguments ?? ""));
  const kept = result === undefined ? {} : await readOutput(found.tool, { result, leftBytes }, results);
  return { ...toRecordedCall(found), client, era, trace, error, reason: reasonOf(found), progress, ...kept };
}

/** What arguments and answer may take together as JSON, bytes: with what else is said of a call they fit a message. */
const DETAILS_BYTES = 56 * 1024;

/** The text twin of a call in full. */
export function textOfCall(details: CallDetails): string {
  const {
    call,
    session,
    client,
    tool,
    outcome,
    error,
    startedAt,
    durationMs,
    arguments: args,
    preview,
    reason,
    progress,
    output,
    result
  } = details;
  const total = progress?.total === undefined ? "" : ` of ${progress.total}`;
  return [
    `${tool} at ${startedAt} (${call}): ${outcome}${error === undefined ? "" : ` (${error})`}${durationMs === undefined ? "" : ` after ${durationMs} ms`}`,
    `Called by ${client}, ${session === undefined ? "without a session" : `in session ${session}`}`,
    args && `Asked with ${args}`,
    progress && `So far ${progress.done}${total}${progress.message === undefined ? "." : `: ${JSON.stringify(progress.message)}`}`,
    reason,
    output === undefined && preview && `Its answer: ${JSON.stringify(preview)}`,
    output !== undefined && `Its whole answer: ${JSON.stringify(output)}`,
    output === undefined && result !== undefined && `It leads to ${result}: read_result reads it.`
  ]
    .filter(Boolean)
    .join("\n");
}

/** A page of it holds it whole, or it is to be read by its handle. It may have been deleted. */
async function readOutput(
  tool: string,
  { result, leftBytes }: { readonly result: string; readonly leftBytes: number },
  results: Pick<Results, "read">
): Promise<Pick<CallDetails, "output" | "result" | "reason">> {
  try {
    const { record, lines, nextLine } = await results.read(result, { fromLine: 1, lines: MAX_LINES, isTail: false });
    const isWhole = nextLine === undefined && !lines.some(({ isCut }) => isCut);
    if (record.title !== titleOfAnswer(tool) || record.state !== "complete" || !isWhole) return { result };
    const text = lines.map((line) => line.text).join("\n");
    const output = record.type === "application/json" ? (JSON.parse(text) as Json) : text;
    return utf8Bytes(JSON.stringify(output)) > leftBytes ? { result } : { result, output };
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    return { reason: "What its answer leads to is no longer stored: it was deleted, or has expired." };
  }
}

/** More than a page of the shortest lines holds. */
const MAX_LINES = 50_000;

function reasonOf({ outcome, preview, error }: WatchedCall): string | undefined {
  if (error === ANSWER_NOT_KEPT) return "Its whole answer could not be kept: the stored results may be full. list_results shows them.";
  if (error === NO_ANSWERS_KEPT) return "Its client had gone when it ended, and this server keeps no answers: HISTORY says so.";
  // A call that ended by itself says what became of it; only one that was lost says nothing.
  if (outcome !== "unknown" || preview !== undefined || error !== undefined) return undefined;
  return "The server stopped or was replaced while it ran, and nothing is known of its outcome. A call that only reads may be made again; look first what one did that writes. What it had stored by then is in list_results.";
}
