import { numberFromBase32, numberToBase32 } from "../lib/base32.ts";
import { InvalidInput, type Outcome } from "../mcp/errors.ts";
import type { Activity, Call, CallEnd, CallFilter, CallQuery, CallRecorder, CallStart, Tally, Usage } from "../mcp/history.ts";
import { firstNumberAt, nextCallNumber } from "../mcp/signed/call-number.ts";
import { CALL_COLUMNS, CALL_PLACEHOLDERS, type CallState, IS_OPEN, toBindings, toCall } from "./call-row.ts";
import type { HomeRecord } from "./home-record.ts";

/** A call and the session it came in: the short name of the session's object, or of home's own. */
export interface HomeCall extends Call {
  readonly session: string;
}

/** A call that was deleted, and the result that its answer led to. */
export interface DeletedCall {
  readonly session: string;
  readonly seq: number;
  readonly tool: string;
  readonly result: string | undefined;
}

/** How many calls there are: those that are kept, and of a time the same as in {@link Usage}. */
export interface CallCount extends Pick<Usage, "calls" | "durationMs" | "sessionCalls" | "bursts" | "sessionBursts"> {
  readonly kept: number;
}

/** A filter whose session is the short name of an object. */
type StoredFilter = Omit<CallFilter, "session"> & {
  readonly session: string | undefined;
  /** Between which numbers the calls of that session lie, both inclusive: all others need not be read to find them. */
  readonly numbers?: readonly [number, number] | undefined;
};

/** The table `home_calls`: the calls of all sessions of a principal, and those of the stateless era. Only this class writes it. */
export class HomeCalls implements CallRecorder {
  readonly #storage: DurableObjectStorage;
  readonly #record: HomeRecord;
  /** The session under which home's own calls stand. */
  readonly #own: string;
  #isReady = false;
  #lastSeq = 0;

  constructor(storage: DurableObjectStorage, record: HomeRecord, own: string) {
    this.#storage = storage;
    this.#record = record;
    this.#own = own;
  }

  append(call: CallStart & CallEnd): number {
    return this.#insert(call, call);
  }

  open(call: CallStart, outcome: "pending" | "running"): number {
    this.#prepare();
    this.#exec(`CREATE INDEX IF NOT EXISTS ${OPEN_INDEX} ON home_calls (session) WHERE ${IS_OPEN}`);
    return this.#insert(call, { outcome, durationMs: undefined, preview: undefined, error: undefined });
  }

  reopen(seq: number, outcome: "pending" | "running"): void {
    this.#prepare();
    this.#exec("UPDATE home_calls SET outcome = ? WHERE seq = ? AND session = ?", outcome, seq, this.#own);
  }

  noteResult(seq: number, result: string | undefined): void {
    this.#exec(`UPDATE home_calls SET result = ? WHERE seq = ? AND session = ? AND NOT ${IS_SETTLED}`, result ?? null, seq, this.#own);
  }

  settle(seq: number, end: CallEnd): void {
    this.#prepare();
    this.#settle(seq, this.#own, end);
  }

  /** Takes the calls of a session over. What it had up to `through` it has: of that only what was open is brought up to date. */
  take(session: string, calls: readonly Call[], through: number): void {
    this.#prepare();
    for (const call of calls) {
      if (call.seq > through) this.#write(session, call.seq, call, call);
      else this.#settle(call.seq, session, call);
    }
  }

  get(session: string, seq: number): HomeCall | undefined {
    if (!this.#record.hasTables) return undefined;
    this.#prepare();
    const [row] = this.#exec("SELECT * FROM home_calls WHERE seq = ? AND session = ?", seq, session);
    return row && toHomeCall(row);
  }

  /** @throws InvalidInput for a cursor that {@link list} did not make. */
  list(query: StoredFilter & Pick<CallQuery, "limit" | "cursor">): { calls: HomeCall[]; nextCursor: string | undefined } {
    if (!this.#record.hasTables) return { calls: [], nextCursor: undefined };
    this.#prepare();
    const { conditions, bindings } = toConditions(query);
    if (query.cursor !== undefined) {
      conditions.push("(seq, session) < (?, ?)");
      bindings.push(...toPosition(query.cursor));
    }
    // One more than asked for tells whether there is a next page.
    const sql = `SELECT * FROM home_calls ${toWhere(conditions)} ORDER BY seq DESC, session DESC LIMIT ?`;
    const rows = this.#exec(sql, ...bindings, query.limit + 1).toArray();
    const calls = rows.slice(0, query.limit).map(toHomeCall);
    const last = calls.at(-1);
    const nextCursor = rows.length > query.limit && last ? `${numberToBase32(last.seq)}.${last.session}` : undefined;
    return { calls, nextCursor };
  }

  summarize(filter: StoredFilter): Activity {
    if (!this.#record.hasTables) return { total: NOTHING, byTool: [], byDay: [], byOutcome: {} };
    this.#prepare();
    const { conditions, bindings } = toConditions(filter);
    const where = toWhere(conditions);
    const tallies = (name: string, rest: string) =>
      this.#exec(
        `SELECT ${name} AS name, count(*) AS calls, count(*) FILTER (WHERE ${IS_SETTLED} AND outcome <> 'ok') AS failures,
           avg(duration_ms) AS average, max(duration_ms) AS longest FROM home_calls ${where} ${rest}`,
        ...bindings
      )
        .toArray()
        .map(toTally);
    const outcomes = this.#exec(
      `SELECT outcome, count(*) AS calls FROM home_calls ${where} GROUP BY outcome ORDER BY outcome`,
      ...bindings
    );
    return {
      total: tallies("'all'", "")[0] ?? NOTHING,
      byTool: tallies("tool", `GROUP BY tool ORDER BY calls DESC, tool LIMIT ${MAX_TALLIES}`),
      byDay: tallies("date(started_ms / 1000, 'unixepoch')", `GROUP BY name ORDER BY name DESC LIMIT ${MAX_TALLIES}`),
      byOutcome: Object.fromEntries(outcomes.toArray().map(({ outcome, calls }) => [outcome as Outcome, Number(calls)]))
    };
  }

  /** Deletes settled calls, at most `limit`, and tells which. */
  delete(selection: readonly { session: string; seq: number }[] | StoredFilter, limit: number): DeletedCall[] {
    if (!this.#record.hasTables) return [];
    this.#prepare();
    if (isList(selection)) {
      const remove = ({ seq, session }: { seq: number; session: string }) =>
        this.#exec(
          `DELETE FROM home_calls WHERE seq = ? AND session = ? AND ${IS_SETTLED} RETURNING seq, session, tool, result`,
          seq,
          session
        );
      return selection.slice(0, limit).flatMap((position) => [...remove(position)].map(toDeleted));
    }
    const { conditions, bindings } = toConditions(selection);
    const where = toWhere([...conditions, IS_SETTLED]);
    const found = `SELECT seq, session FROM home_calls ${where} ORDER BY seq LIMIT ?`;
    return this.#exec(`DELETE FROM home_calls WHERE (seq, session) IN (${found}) RETURNING seq, session, tool, result`, ...bindings, limit)
      .toArray()
      .map(toDeleted);
  }

  /** Deletes what was recorded before a time. Returns whether anything is left. */
  prune(beforeMs: number): boolean {
    if (!this.#record.hasTables) return false;
    this.#prepare();
    this.#exec("DELETE FROM home_calls WHERE seq < ?", firstNumberAt(beforeMs));
    const forgotten = firstNumberAt(Date.now() - MAX_WAIT_MS);
    this.#exec("UPDATE home_calls SET outcome = 'cancelled' WHERE outcome = 'waiting' AND seq < ?", forgotten);
    return this.#exec("SELECT 1 FROM home_calls LIMIT 1").toArray().length > 0;
  }

  /** When home's own calls of a time started, milliseconds since the epoch: what a rate limit that lost its memory must count. */
  startsSince(sinceMs: number): number[] {
    if (!this.#record.hasTables) return [];
    this.#prepare();
    const query = "SELECT started_ms FROM home_calls WHERE seq >= ? AND session = ? AND started_ms >= ?";
    return this.#exec(query, firstNumberAt(sinceMs), this.#own, sinceMs)
      .toArray()
      .map(({ started_ms }) => Number(started_ms));
  }

  /**
   * Counts what is kept, and what of it came since a time.
   * @param burstMs the calls of a session within so many milliseconds are one burst, to a good approximation
   */
  count(sinceMs: number, burstMs: number): CallCount {
    if (!this.#record.hasTables) return { kept: 0, calls: 0, durationMs: 0, sessionCalls: 0, bursts: 0, sessionBursts: 0 };
    this.#prepare();
    const [kept] = this.#exec("SELECT count(*) AS calls FROM home_calls");
    // A number is bound as a real, by which a division leaves a fraction.
    const [since] = this.#exec(
      `SELECT sum(calls) AS calls, sum(duration) AS duration, count(*) AS bursts,
         sum(calls) FILTER (WHERE session <> ?1) AS session_calls, count(*) FILTER (WHERE session <> ?1) AS session_bursts
       FROM (SELECT session, count(*) AS calls, sum(duration_ms) AS duration FROM home_calls
             WHERE seq >= ?2 AND started_ms >= ?3 GROUP BY session, CAST(started_ms / ?4 AS INTEGER))`,
      this.#own,
      firstNumberAt(sinceMs),
      sinceMs,
      burstMs
    );
    return {
      kept: Number(kept?.calls),
      calls: Number(since?.calls ?? 0),
      durationMs: Number(since?.duration ?? 0),
      sessionCalls: Number(since?.session_calls ?? 0),
      bursts: Number(since?.bursts),
      sessionBursts: Number(since?.session_bursts)
    };
  }

  /** The storage was emptied. */
  reset(): void {
    this.#isReady = false;
    this.#lastSeq = 0;
  }

  #insert(call: CallStart, end: CallState): number {
    this.#prepare();
    const seq = nextCallNumber(this.#lastSeq, Date.now());
    this.#lastSeq = seq;
    this.#write(this.#own, seq, call, end);
    return seq;
  }

  #write(session: string, seq: number, call: CallStart, end: CallState): void {
    const query = `INSERT INTO home_calls (session, ${CALL_COLUMNS}) VALUES (?, ${CALL_PLACEHOLDERS})`;
    this.#exec(query, session, ...toBindings(seq, call, end));
  }

  /** Settled is never replaced by unsettled: what comes late or twice changes nothing. */
  #settle(seq: number, session: string, end: CallState): void {
    this.#exec(
      `UPDATE home_calls SET outcome = ?, duration_ms = ?, preview = ?, error = ?, result = ?
       WHERE seq = ? AND session = ? AND NOT ${IS_SETTLED}`,
      end.outcome,
      end.durationMs ?? null,
      end.preview ?? null,
      end.error ?? null,
      end.result ?? null,
      seq,
      session
    );
  }

  #exec(query: string, ...bindings: SqlStorageValue[]): SqlStorageCursor<Record<string, SqlStorageValue>> {
    return this.#storage.sql.exec(query, ...bindings);
  }

  /** Once per incarnation: of home's own calls, what was open when the last one ended is unknown for ever. */
  #prepare(): void {
    if (this.#isReady) return;
    const hadTables = this.#record.hasTables;
    this.#record.migrate();
    this.#isReady = true;
    if (!hadTables) return;
    this.#lastSeq = Number(this.#exec("SELECT max(seq) AS seq FROM home_calls").one().seq ?? 0);
    if (this.#exec("SELECT 1 FROM sqlite_master WHERE name = ?", OPEN_INDEX).toArray().length === 0) return;
    this.#exec(`UPDATE home_calls SET outcome = 'unknown' WHERE session = ? AND ${IS_OPEN}`, this.#own);
  }
}

const OPEN_INDEX = "home_calls_open";
const IS_SETTLED = "outcome NOT IN ('pending', 'running', 'waiting')";
/** A question that was not answered for a day is not answered any more. */
const MAX_WAIT_MS = 24 * 60 * 60 * 1000;
const MAX_TALLIES = 50;

const NOTHING: Tally = { name: "all", calls: 0, failures: 0, averageMs: undefined, longestMs: undefined };

/** A call is recorded at the latest this long after it started, so numbers beyond need not be looked at. */
const MAX_CALL_MS = 60 * 60 * 1000;

function toConditions(filter: StoredFilter): { conditions: string[]; bindings: SqlStorageValue[] } {
  const conditions: string[] = [];
  const bindings: SqlStorageValue[] = [];
  const where = (condition: string, ...values: SqlStorageValue[]) => {
    conditions.push(condition);
    bindings.push(...values);
  };
  if (filter.session !== undefined) where("session = ?", filter.session);
  if (filter.numbers !== undefined) where("seq BETWEEN ? AND ?", ...filter.numbers);
  if (filter.tool !== undefined) where("tool = ?", filter.tool);
  if (filter.outcome !== undefined) where("outcome = ?", filter.outcome);
  // The numbers follow the time of recording, which is never before the start: they bound the scan, the time decides.
  if (filter.sinceMs !== undefined) where("seq >= ? AND started_ms >= ?", firstNumberAt(filter.sinceMs), filter.sinceMs);
  if (filter.untilMs !== undefined) where("seq < ? AND started_ms < ?", firstNumberAt(filter.untilMs + MAX_CALL_MS), filter.untilMs);
  if (filter.text !== undefined) {
    // Not LIKE: its patterns hold 50 bytes at most, https://developers.cloudflare.com/durable-objects/platform/limits/
    const isIn = (column: string) => `instr(lower(${column}), lower(?)) > 0`;
    where(`(${isIn("tool")} OR ${isIn("arguments")} OR ${isIn("preview")})`, filter.text, filter.text, filter.text);
  }
  return { conditions, bindings };
}

const toWhere = (conditions: readonly string[]): string => (conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "");

function toPosition(cursor: string): [number, string] {
  const [, digits = "", session = ""] = /^([0-9a-z]+)\.([0-9a-z]{8})$/.exec(cursor) ?? [];
  const seq = numberFromBase32(digits);
  if (seq === undefined) throw new InvalidInput("The cursor is not one that a page returned. Leave it out to start at the newest call.");
  return [seq, session];
}

const isList = <T>(value: readonly T[] | object): value is readonly T[] => Array.isArray(value);

const toHomeCall = (row: Record<string, SqlStorageValue>): HomeCall => ({ ...toCall(row), session: String(row.session) });

const toDeleted = ({ session, seq, tool, result }: Record<string, SqlStorageValue>): DeletedCall => ({
  session: String(session),
  seq: Number(seq),
  tool: String(tool),
  result: typeof result === "string" ? result : undefined
});

const toTally = (row: Record<string, SqlStorageValue>): Tally => ({
  name: String(row.name),
  calls: Number(row.calls),
  failures: Number(row.failures),
  averageMs: row.average === null ? undefined : Math.round(Number(row.average)),
  longestMs: row.longest === null ? undefined : Number(row.longest)
});
