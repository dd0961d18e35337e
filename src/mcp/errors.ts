import type { Json, JsonObject } from "../lib/json.ts";

/** How a call ended, or stands. */
export const OUTCOMES = ["ok", "error", "cancelled", "denied", "pending", "running", "waiting", "unknown"] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** An error of the protocol: it becomes a JSON-RPC error, not a tool's result. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number;
  readonly data: { readonly reason: string; readonly [key: string]: Json };

  constructor(code: number, message: string, data: { reason: string; [key: string]: Json }) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/**
 * A foreseen failure of a tool. Its message is a sentence that the caller can act on; it reaches the model as it is.
 * Upstream text never stands in it: that may hold secrets or instructions.
 */
export abstract class ToolError extends Error {
  readonly outcome: Outcome = "error";
}

/** The arguments are well-formed but make no sense to the tool. */
export class InvalidInput extends ToolError {
  override readonly name = "InvalidInput";
}

/** What was asked for is not there, or this principal cannot see it. */
export class NotFound extends ToolError {
  override readonly name = "NotFound";
}

/** The principal may not do this. */
export class Denied extends ToolError {
  override readonly name = "Denied";
  override readonly outcome = "denied";
}

/** An upstream does not accept the person's sign-in any more. The request that it refused has not happened. */
export class SignInRequired extends ToolError {
  override readonly name = "SignInRequired";
  override readonly outcome = "denied";
  /** Whether it was a write that was refused. */
  readonly wasWrite: boolean;

  constructor(wasWrite: boolean, options?: ErrorOptions) {
    super(
      "GitHub no longer accepts your sign-in: you, or GitHub, have taken it back. Sign in again: connect this server anew in your client.",
      options
    );
    this.wasWrite = wasWrite;
  }
}

/** An upstream refuses for now: the message says when to try again. */
export class UpstreamLimited extends ToolError {
  override readonly name = "UpstreamLimited";
}

/** An upstream is down, refuses, or answers what nobody can use. */
export class UpstreamFailed extends ToolError {
  override readonly name = "UpstreamFailed";
}

/** What a caller should do about a write of unknown outcome. */
export const LOOK_FIRST = "Look whether it did before you try again.";

/** A write was sent and nobody knows whether it took effect. It is never sent again by itself. */
export class OutcomeUnknown extends ToolError {
  override readonly name = "OutcomeUnknown";
  override readonly outcome = "unknown";
}

/** The call took longer than it may. */
export class DeadlineExceeded extends ToolError {
  override readonly name = "DeadlineExceeded";
}

/** The client cannot do what the call needs of it. */
export class Unsupported extends ToolError {
  override readonly name = "Unsupported";
  /** What the client would have to declare, as it would declare it. */
  readonly required: JsonObject;

  constructor(message: string, required: JsonObject) {
    super(message);
    this.required = required;
  }
}

/** The answer is larger than one message may be. */
export class TooLarge extends ToolError {
  override readonly name = "TooLarge";
}

/** The answer is larger than one message may be, and is kept whole. A write went through: its outcome is known. */
export class KeptWhole extends ToolError {
  override readonly name = "KeptWhole";
  override readonly outcome: Outcome;
  /** The handle of the stored result. */
  readonly result: string;

  constructor(message: string, result: string, isWrite: boolean) {
    super(message);
    this.result = result;
    this.outcome = isWrite ? "ok" : "error";
  }
}

/** The same call was answered the same too often: whoever makes it is in a loop. */
export class LoopDetected extends ToolError {
  override readonly name = "LoopDetected";
  override readonly outcome = "denied";
  readonly limit: { readonly limit: "loop"; readonly calls: number; readonly windowSeconds: number };

  constructor(tool: string, { calls, windowMs }: { readonly calls: number; readonly windowMs: number }) {
    const windowSeconds = windowMs / 1000;
    super(
      `${tool} was called ${calls} times within ${windowSeconds} s with the same arguments and answered the same. It was not called again: use what you have, change the arguments, or wait.`
    );
    this.limit = { limit: "loop", calls, windowSeconds };
  }
}

/** As much as the principal may have is there already: the message says which limit it is, and how to make room. */
export class QuotaReached extends ToolError {
  override readonly name = "QuotaReached";
  override readonly outcome = "denied";
  readonly limit: { readonly limit: string; readonly [key: string]: string | number };

  constructor(message: string, limit: { limit: string; [key: string]: string | number }) {
    super(message);
    this.limit = limit;
  }
}
