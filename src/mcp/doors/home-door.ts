import type { Call, History } from "../history.ts";
import type { Claim, KeyedCall, KeyedOutcome } from "../idempotency.ts";
import type { Caller } from "../principal.ts";
import type { ResultKeeper } from "../results.ts";
import type { AtWork } from "../running-calls.ts";
import type { RunState, Runs } from "../runs.ts";
import type { Refusal } from "./refusal.ts";

/** A session as it introduces itself to its principal's home. Times are milliseconds since the epoch. */
export interface ShippingSession {
  /** The name of its object, without the prefix. */
  readonly name: string;
  /** `name/version` of the client. */
  readonly client: string;
  readonly issuedMs: number;
  readonly expiresMs: number;
  /** When its client ended it. */
  readonly endedMs: number | undefined;
}

/** Who asks for a history. */
export interface Asker {
  readonly principalId: string;
  /** The short name of the session that asks; home's own where a stateless request does. */
  readonly session: string;
}

/** An attempt to do what a key stands for. */
export interface KeyClaim extends KeyedCall {
  /** Unlike that of any other attempt. */
  readonly claim: string;
  /** The object that makes it: the name of a session, or of home, without the prefix. */
  readonly holder: string;
}

/** What home says to an attempt. */
export type KeyGrant = { readonly state: "first" } | Exclude<Claim, { state: "first" }>;

/** Permits that home lets a session use without asking for each. */
export interface Grant {
  readonly leaseId: string;
  readonly permits: number;
  /** When the lease ends on home's clock, which need not agree with the session's. */
  readonly untilMs: number;
}

/** When a session used a lease that it will not use any more. */
export interface LeaseReport {
  readonly leaseId: string;
  /** How long ago each use was when the report left. */
  readonly agesMs: readonly number[];
}

/** What home answers to who asks for permits: some, and how many are left; or when to try again. */
export type Leased = (Grant & { readonly remaining: number }) | { readonly retryAfterMs: number };

/** Who asks for runs, and whom they act for. */
export interface RunAsker extends Asker {
  readonly caller: Caller;
}

/** How a run stands, as home tells the session that started it. */
export interface RunNote {
  /** Its handle. */
  readonly run: string;
  readonly workflow: string;
  readonly state: RunState;
  /** The step that it is at, or ended with. */
  readonly step: string | undefined;
  /** Milliseconds since the epoch. */
  readonly updatedMs: number;
}

/** What a principal's home does for its sessions, called over RPC. An exception would cross the border without its class. */
export interface HomeDoor {
  /** Takes calls over. Once it has answered they are durable here; what comes twice changes nothing. */
  ship(session: ShippingSession, calls: readonly Call[], report: LeaseReport | undefined): Promise<void>;
  /** Leases permits of the rate limit. */
  leasePermits(report: LeaseReport | undefined): Promise<Leased>;
  claimKey(claim: KeyClaim): Promise<KeyGrant>;
  settleKey(key: string, claim: string, outcome: KeyedOutcome): Promise<void>;
  releaseKey(key: string, claim: string): Promise<void>;
  /** Answers a method of {@link Runs}. */
  askRuns(asker: RunAsker, method: keyof Runs, args: readonly unknown[]): Promise<{ readonly value: unknown } | Refusal>;
  /** Runs that are signed out, or act under the same grant, go on with these credentials. */
  renewCredentials(caller: Caller): Promise<void>;
  /** Answers a method of {@link ResultKeeper}. */
  askResults(asker: Asker, method: keyof ResultKeeper, args: readonly unknown[]): Promise<{ readonly value: unknown } | Refusal>;
  /** Answers a method of {@link History}. */
  askHistory(asker: Asker, method: keyof History, argument: unknown): Promise<{ readonly value: unknown } | Refusal>;
}

/** What a session does for its principal's home, called over RPC. */
export interface SessionDoor {
  /** Ends the session as its client would; `false` if it was ended before. */
  endSession(expiresMs: number): Promise<boolean>;
  /** Whether an attempt to do what a key stands for goes on. */
  holdsClaim(claim: string): Promise<boolean>;
  /** Takes how a run stands that the session started. */
  noteRun(run: RunNote): Promise<void>;
  /** Waits until a call has ended, at most so long, and tells how far it is. `undefined` for one that is not at work: home has how it stands. */
  watchCall(seq: number, waitMs: number): Promise<AtWork | undefined>;
  /** Tells a call to stop; `false` for one that is not at work. */
  stopCall(seq: number): Promise<boolean>;
  /** Deletes calls that home has deleted. */
  dropCalls(seqs: readonly number[]): Promise<void>;
}
