import { type ToolResult, text } from "../content.ts";
import type { Tool } from "../define-tool.ts";
import { QuotaReached } from "../errors.ts";
import type { CallEntry, EntryEnd } from "./call-entry.ts";
import type { Host, Invocation } from "./host.ts";
import { storeWhole } from "./keep-whole.ts";

/** Whether a call may go on without its client: one that reports progress keeps it. */
export const mayDetach = (tool: Tool, { meta }: Invocation, { aside }: Host): boolean =>
  tool.detaches && aside !== undefined && meta.progressToken === undefined;

/** Lets in only so many calls at a time that may go on without their clients: each keeps the object awake. @throws QuotaReached */
export function requireRoom(tool: Tool, { aside, running, limits }: Host): void {
  if (!tool.detaches || !aside) return;
  const counted = running.counted();
  if (counted.length < limits.detaching) return;
  const handles = counted.map(({ handle }) => handle).join(", ");
  const sentence = `${counted.length} long calls are running, and ${limits.detaching} may at a time: ${handles}. Stop one with cancel_call, or wait for its end with get_call.`;
  throw new QuotaReached(sentence, { limit: "detaching_calls", maxCalls: limits.detaching });
}

/** A call that is about to go on without its client. */
interface Detaching {
  readonly entry: CallEntry;
  readonly host: Host;
  /** Settles with the call. */
  readonly walked: Promise<unknown>;
}

/** Lets a call go on, and gives what it is answered with in the meantime. */
export async function detach(tool: Tool, { entry, host, walked }: Detaching): Promise<ToolResult> {
  entry.isDetached = true;
  host.aside?.holdWhile(walked.then(noted, noted));
  // Nobody finds it from elsewhere before; where that fails, the row is brought there later as any other.
  await host.aside?.publish().catch((error: unknown) => logFailure("call_not_published", error));
  return toRunning(tool, entry);
}

/** What a call is answered that goes on. */
export function toRunning({ name }: Tool, { handle: call }: CallEntry): ToolResult {
  const next = "Ask get_call with waitSeconds for its outcome; cancel_call stops it.";
  return { content: [text(`${name} goes on as ${call}. ${next}`)], structuredContent: { status: "running", call, next } };
}

const noted = (): void => {};

/** The class of an error that is none of the call: its answer could not be kept. */
export const ANSWER_NOT_KEPT = "AnswerNotKept";

/** Likewise: the deployment keeps no answers. */
export const NO_ANSWERS_KEPT = "NoAnswersKept";

/** Keeps the whole answer of a call whose client does not get it. What was done stands: an answer that cannot be kept is no failure of it. */
export async function keepAnswer(
  tool: Tool,
  result: ToolResult,
  { principal }: Invocation,
  { aside }: Host
): Promise<Pick<EntryEnd, "result" | "error">> {
  if (!aside) return { error: NO_ANSWERS_KEPT };
  try {
    return { result: await storeWhole(tool, result, aside.resultsOf(principal)) };
  } catch (error) {
    logFailure("answer_not_kept", error);
    return { error: ANSWER_NOT_KEPT };
  }
}

/** Whether nobody gets the answer of a call as it is. */
export const isUnheard = (entry: CallEntry, { isLeft }: Invocation): boolean => entry.isDetached || isLeft;

function logFailure(event: string, error: unknown): void {
  console.error(JSON.stringify({ level: "error", event, error: String(error) }));
}
