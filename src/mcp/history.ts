import type { Outcome } from "./errors.ts";
import type { AtWork } from "./running-calls.ts";

/** One `tools/call` as it is first recorded. */
export interface CallStart {
  readonly tool: string;
  readonly startedMs: number;
  readonly era: "sessionful" | "stateless";
  /** `name/version` of the client. */
  readonly client: string;
  /** The W3C `traceparent` that came with the call. */
  readonly trace: string | undefined;
  /** The arguments as JSON text, for showing: redacted, and cut where they are long. */
  readonly arguments: string | undefined;
}

/** How a call ended. */
export interface CallEnd {
  readonly outcome: Outcome;
  /** Absent for one that waits for its client, and is not over. */
  readonly durationMs: number | undefined;
  /** The beginning of the answer's text, redacted. */
  readonly preview: string | undefined;
  /** The class of the error. */
  readonly error: string | undefined;
  /** The handle of the stored result that the answer leads to. */
  readonly result?: string | undefined;
}

/** A call of the history; `durationMs` is absent while it is not settled. */
export interface Call extends CallStart, Omit<CallEnd, "durationMs"> {
  /** Its number, which {@link nextCallNumber} gave. */
  readonly seq: number;
  readonly durationMs: number | undefined;
}

/** Where calls are recorded: a row is durable before anything that was sent after it leaves the object. */
export interface CallRecorder {
  /** Records a call that has ended; returns its number. */
  append(call: CallStart & CallEnd): number;
  /** Records a call before it runs, so that a crash cannot hide it; returns its number. */
  open(call: CallStart, outcome: "pending" | "running"): number;
  /** Opens a call anew that waits for its client. */
  reopen(seq: number, outcome: "pending" | "running"): void;
  /** Notes which stored result a call that was opened has begun, should it be lost; `undefined` for none any more. */
  noteResult(seq: number, result: string | undefined): void;
  /** Settles a call that was opened. */
  settle(seq: number, end: CallEnd): void;
}

/** Which calls; all of them where nothing is said. */
export interface CallFilter {
  readonly text?: string | undefined;
  readonly tool?: string | undefined;
  readonly outcome?: Outcome | undefined;
  /** Milliseconds since the epoch, inclusive. */
  readonly sinceMs?: number | undefined;
  /** Milliseconds since the epoch, exclusive. */
  readonly untilMs?: number | undefined;
  /** `this` session, `all` of them, or the handle of one. */
  readonly session?: string | undefined;
}

/** Which calls to list, newest first. */
export interface CallQuery extends CallFilter {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** A call as its principal sees it: by handle. */
export interface RecordedCall extends Omit<Call, "seq"> {
  readonly call: string;
  /** The handle of its session; absent for a call of the stateless era, which has none. */
  readonly session: string | undefined;
}

/** A call that is asked for, and how far it is while it is at work. */
export interface WatchedCall extends RecordedCall, Partial<AtWork> {}

/** Which call to ask for, and how long to wait for its end, milliseconds. */
export interface CallWatch {
  readonly call: string;
  readonly waitMs: number;
}

/** One page of calls. */
export interface CallPage {
  readonly calls: readonly RecordedCall[];
  /** Asks for the next page; absent on the last. */
  readonly nextCursor: string | undefined;
}

/** Which calls to delete: those of the handles, or those of the filter. */
export type CallSelection = { readonly calls: readonly string[] } | CallFilter;

/** What became of a deletion. */
export interface Deletion {
  readonly deleted: number;
  /** More match than one call deletes. */
  readonly hasMore: boolean;
}

/** Counts and durations of some calls; durations are milliseconds. */
export interface Tally {
  /** The tool, or the day in UTC. */
  readonly name: string;
  readonly calls: number;
  readonly failures: number;
  readonly averageMs: number | undefined;
  readonly longestMs: number | undefined;
}

/** What was done in a time. */
export interface Activity {
  readonly total: Tally;
  readonly byTool: readonly Tally[];
  readonly byDay: readonly Tally[];
  readonly byOutcome: Readonly<Partial<Record<Outcome, number>>>;
}

/** A session as its principal sees it. Times are milliseconds since the epoch. */
export interface RecordedSession {
  readonly session: string;
  readonly client: string;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly calls: number;
  /** Absent while it goes on. */
  readonly endedMs: number | undefined;
  readonly isThis: boolean;
}

/** What a principal's history holds and what it cost. */
export interface Usage {
  /** Calls in the history, and of those the ones of the time that was asked for. */
  readonly callsKept: number;
  readonly calls: number;
  readonly sessions: number;
  /** Rows and bytes that are stored for the principal. */
  readonly rows: number;
  readonly sizeBytes: number;
  /** How long the calls of the time ran in all, milliseconds. */
  readonly durationMs: number;
  /** Calls of the time that came in a session: their rows are written twice. */
  readonly sessionCalls: number;
  /** How many bursts the calls of the time came in, and of those how many in a session: it ships each burst by itself. */
  readonly bursts: number;
  readonly sessionBursts: number;
}

/** The history of one principal, of all sessions and both eras. */
export interface History {
  /** @throws InvalidInput for a cursor that no page returned, NotFound for a session that is not there. */
  list(query: CallQuery): Promise<CallPage>;
  /** `undefined` for a handle that is forged, foreign or not there. */
  get(handle: string): Promise<RecordedCall | undefined>;
  /** The same, from the object that runs the call while it does; answers as soon as it has ended. */
  watch(watch: CallWatch): Promise<WatchedCall | undefined>;
  /** Tells a call to stop, wherever it runs; `false` for one that does not. */
  stop(handle: string): Promise<boolean>;
  /** @throws NotFound for a session that is not there. */
  summarize(filter: CallFilter): Promise<Activity>;
  /** Deletes settled calls here and in their sessions. @throws NotFound for a session that is not there. */
  delete(selection: CallSelection): Promise<Deletion>;
  /** The newest first. */
  sessions(limit: number): Promise<readonly RecordedSession[]>;
  /** Ends a session; `false` if it was ended before. @throws NotFound for one that is not there. */
  endSession(session: string): Promise<boolean>;
  usage(sinceMs: number): Promise<Usage>;
}
