import type { Json } from "../lib/json.ts";

/** What kind of text a stored result is. */
export const RESULT_TYPES = ["application/x-ndjson", "application/json", "text/plain"] as const;

export type ResultType = (typeof RESULT_TYPES)[number];

/** How a result stands: it grows, it is whole, or whoever wrote it stopped before its end. */
export const RESULT_STATES = ["growing", "complete", "cut"] as const;

export type ResultState = (typeof RESULT_STATES)[number];

/** A stored result as its principal sees it: an output too large for a message. Times are milliseconds since the epoch. */
export interface ResultRecord {
  /** Its handle. */
  readonly result: string;
  /** The tool that made it. */
  readonly tool: string;
  /** What it is, in a few words. */
  readonly title: string;
  readonly type: ResultType;
  readonly state: ResultState;
  readonly sizeBytes: number;
  readonly lines: number;
  readonly createdMs: number;
  /** When it is deleted. */
  readonly expiresMs: number;
}

/** Which lines of a result to read. Lines are counted from 1. */
export interface ResultQuery {
  /** Where to begin; with `tail` it is the end that counts. */
  readonly fromLine: number;
  /** How many bytes of the first line to pass over: of one that was cut, those that were read. Not with `tail` or where lines are looked for. */
  readonly fromByte?: number | undefined;
  /** How many lines at most. */
  readonly lines: number;
  /** The last `lines` lines instead. */
  readonly isTail: boolean;
  /** Only lines that hold this text, whatever its case. */
  readonly contains?: string | undefined;
  /** Only rows of NDJSON whose field has this value; the field is a JSON Pointer, or the name of a member. */
  readonly where?: { readonly field: string; readonly equals: Json } | undefined;
  /** Of each row of NDJSON only these fields. */
  readonly fields?: readonly string[] | undefined;
}

/** A line of a result. */
export interface ShownLine {
  /** Its number. */
  readonly line: number;
  readonly text: string;
  /** It is longer than a page holds. */
  readonly isCut: boolean;
  /** Where the rest begins of one that is cut, bytes from its beginning; absent where the text was made of some of its fields. */
  readonly nextByte?: number | undefined;
}

/** Some lines of a result. */
export interface ResultPage {
  readonly record: ResultRecord;
  readonly lines: readonly ShownLine[];
  /** Where the next page begins; absent at the end. A page that looks for something may hold nothing and go on all the same. */
  readonly nextLine: number | undefined;
  /** The first line that was looked at, where fewer were found at the end than were asked for, and what stands before it was not looked at. */
  readonly lookedFrom?: number | undefined;
}

/** What is about to be written. */
export interface ResultStart {
  readonly tool: string;
  readonly title: string;
  readonly type: ResultType;
}

/** Writes one result, a part at a time: what has been written is not held in memory. */
export interface ResultWriter {
  /** Its handle, which can be read while it grows. */
  readonly result: string;
  readonly sizeBytes: number;
  /** Whether another part of this size fits. */
  fits(sizeBytes: number): boolean;
  /**
   * @throws TooLarge for a text that would make it longer than a result may be, of which nothing is written; QuotaReached when the principal
   * has no room left, and from then on. What was stored before stays.
   */
  write(text: string): Promise<void>;
  /** Says that this is all; `cut` that it is the beginning only. @throws as `write` where a part is missing and it would be `complete`. */
  end(state?: "complete" | "cut"): Promise<ResultRecord>;
}

/** Rows that fit a message, or the first of them and where all stand. */
export interface FittedRows<R> {
  readonly shown: R[];
  readonly total: number;
  /** The handle of the whole. */
  readonly result?: string;
}

/** The stored results of one principal, of all sessions and both eras. A handle of no result of theirs is NotFound. */
export interface Results {
  /** @throws QuotaReached saying what to delete. */
  begin(start: ResultStart): Promise<ResultWriter>;
  /** Shows rows where they fit a message; else stores all of them as NDJSON and shows the first. @throws QuotaReached, TooLarge. */
  fit<R extends Json>(rows: readonly R[], start: Omit<ResultStart, "type">): Promise<FittedRows<R>>;
  get(result: string): Promise<ResultRecord>;
  read(result: string, query: ResultQuery): Promise<ResultPage>;
  /** The newest first. @param before the handle of one, which may have been deleted: only those that are older. */
  list(limit: number, before?: string): Promise<readonly ResultRecord[]>;
  remove(result: string): Promise<void>;
}

/** Where results are kept: the principal's home, which a session asks over RPC. Parts are numbered from 0 and stored once, however often they come. */
export interface ResultKeeper extends Pick<Results, "get" | "read" | "list" | "remove"> {
  /** Makes an empty result; returns its handle. @throws QuotaReached */
  open(start: ResultStart): Promise<string>;
  /** @throws QuotaReached, TooLarge */
  append(result: string, part: number, bytes: Uint8Array): Promise<void>;
  close(result: string, state: "complete" | "cut"): Promise<ResultRecord>;
}

/** What a result that grows too long is refused with. */
export const sayTooLong = (maxBytes: number): string => `A stored result holds ${maxBytes / 1024 / 1024} MiB, and this is longer.`;
