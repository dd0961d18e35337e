import type { Tool } from "../define-tool.ts";
import { DeadlineExceeded, LOOK_FIRST, type Outcome, SignInRequired, ToolError } from "../errors.ts";

/** How a call failed, in our own words. */
export interface CallFailure {
  readonly outcome: Outcome;
  /** A sentence that the caller can act on. */
  readonly message: string;
  /** The class of the error. */
  readonly error: string;
}

/** What a call may have done before it failed. */
export interface CallTraces {
  /** It was recorded before it ran. */
  readonly wasOpened: boolean;
  /** How many writes to an upstream have left. */
  readonly writes: number;
}

/** Says of a failure what became of the call. Nothing of an exception that was not foreseen reaches the client. */
export function toFailure(error: unknown, tool: Tool, { wasOpened, writes }: CallTraces): CallFailure {
  if (error instanceof ToolError) {
    // A tool of several steps that is stopped between them: what it has sent has been sent.
    const wasStopped = error instanceof DeadlineExceeded || error instanceof SignInRequired || error.outcome === "cancelled";
    const hasWritten = writes > (error instanceof SignInRequired && error.wasWrite ? 1 : 0);
    if (!hasWritten || !wasStopped) return { outcome: error.outcome, message: error.message, error: error.name };
    return {
      outcome: "unknown",
      message: `${error.message} A write was sent before and may have taken effect. ${LOOK_FIRST}`,
      error: error.name
    };
  }
  const mayHaveWritten = wasOpened && !tool.annotations.readOnlyHint;
  return mayHaveWritten
    ? { outcome: "unknown", message: `${tool.name} failed unexpectedly and may have taken effect. ${LOOK_FIRST}`, error: "Unforeseen" }
    : { outcome: "error", message: `${tool.name} failed unexpectedly. Nothing was changed.`, error: "Unforeseen" };
}
