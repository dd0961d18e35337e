import type { Outcome } from "./errors.ts";

/** One `tools/call` as it is first recorded. */
export interface CallStart {
  readonly tool: string;
  readonly startedMs: number;
  readonly era: "sessionful" | "stateless";
  /** `name/version` of the client. */
  readonly client: string;
  /** The arguments as JSON text, for showing: cut where they are long. */
  readonly arguments: string | undefined;
}

/** How a call ended. */
export interface CallEnd {
  readonly outcome: Outcome;
  readonly durationMs: number;
  /** The beginning of the answer's text. */
  readonly preview: string | undefined;
  /** The class of the error. */
  readonly error: string | undefined;
}

/** A call of the history; `durationMs` is absent while it is not settled. */
export interface Call extends CallStart, Omit<CallEnd, "durationMs"> {
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
  /** Settles a call that was opened. */
  settle(seq: number, end: CallEnd): void;
}

/** Which calls to list, newest first. */
export interface CallQuery {
  readonly text?: string | undefined;
  readonly tool?: string | undefined;
  readonly outcome?: Outcome | undefined;
  /** Milliseconds since the epoch, inclusive. */
  readonly sinceMs?: number | undefined;
  /** Milliseconds since the epoch, exclusive. */
  readonly untilMs?: number | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** A call as its principal sees it: by handle. */
export interface RecordedCall extends Omit<Call, "seq"> {
  readonly call: string;
}

/** The history of one principal, as tools see it. */
export interface History {
  /** @throws InvalidInput for a cursor that this server did not make. */
  list(query: CallQuery): { calls: RecordedCall[]; nextCursor: string | undefined };
  /** `undefined` for a handle that is forged, foreign or not there. */
  get(handle: string): RecordedCall | undefined;
}
