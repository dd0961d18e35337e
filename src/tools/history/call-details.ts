import { z } from "zod";
import type { Json } from "../../lib/json.ts";
import { ANSWER_NOT_KEPT } from "../../mcp/detach.ts";
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
  result: z.string().optional().describe("Handle of the stored result that holds its whole answer, as JSON")
});

type CallDetails = z.input<typeof callDetails>;

/** Shows a call in full, with its whole answer where that was kept and fits. */
export async function readCallDetails(found: WatchedCall, results: Pick<Results, "read">): Promise<CallDetails> {
  const { client, era, trace, error, progress, result } = found;
  const kept = result === undefined ? {} : await readOutput(result, results);
  return { ...toRecordedCall(found), client, era, trace, error, reason: reasonOf(found), progress, ...kept };
}

/** The text twin of a call in full. */
export function textOfCall({ tool, outcome, startedAt, durationMs, preview, reason, progress, output, result }: CallDetails): string {
  const total = progress?.total === undefined ? "" : ` of ${progress.total}`;
  return [
    `${tool} at ${startedAt}: ${outcome}${durationMs === undefined ? "" : ` after ${durationMs} ms`}`,
    progress && `So far ${progress.done}${total}${progress.message === undefined ? "." : `: ${JSON.stringify(progress.message)}`}`,
    reason,
    preview && `Its answer: ${JSON.stringify(preview)}`,
    output !== undefined && "Its whole answer is in the structured result.",
    output === undefined && result !== undefined && `Its whole answer is stored as ${result}.`
  ]
    .filter(Boolean)
    .join("\n");
}

/** One line of JSON: it fits if a page of the result holds it whole. The result may have been deleted. */
async function readOutput(result: string, results: Pick<Results, "read">): Promise<Pick<CallDetails, "output" | "result" | "reason">> {
  try {
    const { lines } = await results.read(result, { fromLine: 1, lines: 1, isTail: false });
    const [line] = lines;
    return line && !line.isCut ? { result, output: JSON.parse(line.text) as Json } : { result };
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    return { reason: "Its whole answer was kept, and has been deleted since." };
  }
}

function reasonOf({ outcome, preview, error }: WatchedCall): string | undefined {
  if (error === ANSWER_NOT_KEPT) return "Its whole answer could not be kept: the stored results may be full. list_results shows them.";
  // A call that ended by itself says what became of it; only one that was lost says nothing.
  if (outcome !== "unknown" || preview !== undefined || error !== undefined) return undefined;
  return "The server stopped or was replaced while it ran, and nothing is known of its outcome. A call that only reads may be made again; look first what one did that writes.";
}
