import type { Deadlines } from "../../lib/deadlines.ts";
import type { Json, JsonObject } from "../../lib/json.ts";
import type { Asks, Replies, SuspendedCall } from "../ask.ts";
import type { CatalogSlice } from "../catalog.ts";
import type { Context, LogLevel } from "../context.ts";
import type { CallRecorder } from "../history.ts";
import type { Keys } from "../idempotency.ts";
import type { Credentials, Principal } from "../principal.ts";
import type { Results } from "../results.ts";
import type { RunningCalls } from "../running-calls.ts";
import type { LoopGuard } from "./loop-guard.ts";

/** What the wire knows of one request that reached a tool, prompt or resource, and does for it. Four of them are {@link Context}'s. */
export interface Invocation {
  readonly principal: Principal;
  readonly credentials: Credentials;
  readonly slice: CatalogSlice;
  readonly era: "sessionful" | "stateless";
  /** `name/version` of the client. */
  readonly client: string;
  /** The request's `_meta`, as the client sent it. */
  readonly meta: JsonObject;
  /** The call that this request goes on with, in the stateless era. */
  readonly continues?: SuspendedCall | undefined;
  /** Aborted when the client cancels. */
  readonly signal: AbortSignal;
  /** The same, for who needs no signal: runs once, at once if the client has cancelled. Returns what takes it back. */
  onCancel(listener: () => void): () => void;
  progress(done: number, total?: number, message?: string): Promise<void>;
  log(level: LogLevel, data: Json, logger?: string): Promise<void>;
  /** @param signal calls the questions off; the client's own if absent. */
  ask<A extends Asks>(asks: A, signal?: AbortSignal): Promise<Replies<A>>;
  closeStream(): void;
  /** Whether the client that would get the answer has gone, as far as the wire can tell. */
  readonly isLeft: boolean;
}

/** What of an invocation becomes a part of its context. */
export type Asking = Pick<Invocation, "principal" | "credentials" | "progress" | "log" | "closeStream"> & Pick<Context, "ask">;

/** What an object gives to the calls that it runs. */
export interface Host {
  readonly calls: CallRecorder;
  readonly deadlines: Deadlines;
  readonly limits: CallLimits;
  readonly permits: Permits;
  readonly loops: LoopGuard;
  readonly keys: Keys;
  readonly running: RunningCalls;
  /** Absent where no call does without its client: in a run, and where the deployment keeps no answers. */
  readonly aside?: Aside | undefined;
  /** @param signalOf gives the invocation's signal, bounded by the call's deadline. */
  contextFor(asking: Asking, signalOf: () => AbortSignal, traces?: TracedActs): Context;
  /** The handle of a call that this object recorded. */
  handleOf(principal: Principal, seq: number): string;
}

/** What a tool leaves behind, told as it acts: it stays should the call fail. */
export interface TracedActs {
  /** Runs before each write to an upstream leaves. */
  onWrite?(): void;
  /** Runs when it has begun a stored result, and when one of them is deleted with the last that is left, or `undefined`. */
  onResult?(result: string | undefined): void;
}

/** What a call needs whose client does not get its answer. */
export interface Aside {
  /** Keeps the object in memory until the call has ended. */
  holdWhile(done: Promise<void>): void;
  /** Brings the row of a call that goes on to where its principal finds it from anywhere. */
  publish(): Promise<void>;
  /** Where its whole answer is kept. */
  resultsOf(principal: Principal): Pick<Results, "begin" | "remove">;
}

/** The rate limit of a principal. */
export interface Permits {
  /** Uses one permit. Returns how many are left, as far as is known here; `undefined` where they are not counted. @throws RateLimited */
  take(principal: Principal): number | undefined | Promise<number | undefined>;
}

export interface CallLimits {
  /** How long a call may take, milliseconds. */
  readonly callMs: number;
  /** How long a call of a tool that detaches keeps its client waiting, milliseconds. */
  readonly attachedMs: number;
  /** How long it may take, milliseconds. */
  readonly detachedMs: number;
  /** How many calls of such tools one object runs at a time. */
  readonly detaching: number;
  /** How much of an answer fits a message, bytes. */
  readonly inlineBytes: number;
}
