import { numberFromBase32, numberToBase32 } from "../lib/base32.ts";
import { InvalidInput, type Outcome } from "../mcp/errors.ts";
import type { Call, CallEnd, CallQuery, CallRecorder, CallStart } from "../mcp/history.ts";
import { isMigrated, migrate } from "./migrations.ts";

/** The table `calls`: every `tools/call` of one object, unknown tools included. Only this class writes it. */
export class Calls implements CallRecorder {
  readonly #storage: DurableObjectStorage;
  readonly #onFirstCall: () => void;
  #isReady = false;
  /** The object is the only writer, so it need not ask for the number of a row that it has just written. */
  #lastSeq = 0;

  /** @param onFirstCall runs once in the life of the object, in the turn that stores its first row. */
  constructor(storage: DurableObjectStorage, onFirstCall: () => void) {
    this.#storage = storage;
    this.#onFirstCall = onFirstCall;
  }

  append(call: CallStart & CallEnd): number {
    return this.#insert(call, call);
  }

  open(call: CallStart, outcome: "pending" | "running"): number {
    this.#exec(`CREATE INDEX IF NOT EXISTS ${OPEN_INDEX} ON calls (outcome) WHERE ${IS_OPEN}`);
    return this.#insert(call, { outcome, durationMs: null, preview: undefined, error: undefined });
  }

  reopen(seq: number, outcome: "pending" | "running"): void {
    this.#exec("UPDATE calls SET outcome = ? WHERE seq = ?", outcome, seq);
  }

  settle(seq: number, end: CallEnd): void {
    this.#exec(
      "UPDATE calls SET outcome = ?, duration_ms = ?, preview = ?, error = ? WHERE seq = ?",
      end.outcome,
      end.durationMs,
      end.preview ?? null,
      end.error ?? null,
      seq
    );
  }

  get(seq: number): Call | undefined {
    const [row] = this.#exec("SELECT * FROM calls WHERE seq = ?", seq);
    return row && toCall(row);
  }

  /** @throws InvalidInput for a cursor that {@link list} did not make. */
  list(query: CallQuery): { calls: Call[]; nextCursor: string | undefined } {
    const conditions: string[] = [];
    const bindings: SqlStorageValue[] = [];
    const where = (condition: string, ...values: SqlStorageValue[]) => {
      conditions.push(condition);
      bindings.push(...values);
    };
    if (query.cursor !== undefined) where("seq < ?", toSeq(query.cursor));
    if (query.tool !== undefined) where("tool = ?", query.tool);
    if (query.outcome !== undefined) where("outcome = ?", query.outcome);
    if (query.sinceMs !== undefined) where("started_ms >= ?", query.sinceMs);
    if (query.untilMs !== undefined) where("started_ms < ?", query.untilMs);
    if (query.text !== undefined) {
      // Not LIKE: its patterns hold 50 bytes at most, https://developers.cloudflare.com/durable-objects/platform/limits/
      const isIn = (column: string) => `instr(lower(${column}), lower(?)) > 0`;
      where(`(${isIn("tool")} OR ${isIn("arguments")} OR ${isIn("preview")})`, query.text, query.text, query.text);
    }
    const filter = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
    // One more than asked for tells whether there is a next page.
    const rows = this.#exec(`SELECT * FROM calls ${filter} ORDER BY seq DESC LIMIT ?`, ...bindings, query.limit + 1).toArray();
    const calls = rows.slice(0, query.limit).map(toCall);
    const last = calls.at(-1);
    return { calls, nextCursor: rows.length > query.limit && last ? numberToBase32(last.seq) : undefined };
  }

  #insert(call: CallStart, end: Omit<CallEnd, "durationMs"> & { durationMs: number | null }): number {
    if (!this.#isReady) this.#prepare();
    const seq = ++this.#lastSeq;
    this.#exec(
      `INSERT INTO calls (seq, tool, outcome, started_ms, duration_ms, era, client, arguments, preview, error)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      seq,
      call.tool,
      end.outcome,
      call.startedMs,
      end.durationMs,
      call.era,
      call.client,
      call.arguments ?? null,
      end.preview ?? null,
      end.error ?? null
    );
    return seq;
  }

  #exec(query: string, ...bindings: SqlStorageValue[]): SqlStorageCursor<Record<string, SqlStorageValue>> {
    if (!this.#isReady) this.#prepare();
    return this.#storage.sql.exec(query, ...bindings);
  }

  /** Once per incarnation: what was not settled when the last one ended never will be, and nobody knows what became of it. */
  #prepare(): void {
    const hasRows = isMigrated(this.#storage);
    migrate(this.#storage);
    this.#isReady = true;
    this.#lastSeq = Number(this.#storage.sql.exec("SELECT max(seq) AS seq FROM calls").one().seq ?? 0);
    if (!hasRows) this.#onFirstCall();
    else if (this.#hasOpened()) this.#storage.sql.exec(`UPDATE calls SET outcome = 'unknown' WHERE ${IS_OPEN}`);
  }

  #hasOpened(): boolean {
    return this.#storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = ?", OPEN_INDEX).toArray().length > 0;
  }
}

// The index holds only what is not settled, so that waking costs no scan and a settled call one row. It is made with the first
// call that is opened: most sessions only read, and never pay for it.
const OPEN_INDEX = "calls_open";
const IS_OPEN = "outcome IN ('pending', 'running')";

function toSeq(cursor: string): number {
  const seq = numberFromBase32(cursor);
  if (seq === undefined)
    throw new InvalidInput("The cursor is not one that list_calls returned. Leave it out to start at the newest call.");
  return seq;
}

function toCall(row: Record<string, SqlStorageValue>): Call {
  return {
    seq: Number(row.seq),
    tool: String(row.tool),
    outcome: row.outcome as Outcome, // written by this class only
    startedMs: Number(row.started_ms),
    durationMs: row.duration_ms === null ? undefined : Number(row.duration_ms),
    era: row.era as Call["era"], // likewise
    client: String(row.client),
    arguments: toText(row.arguments),
    preview: toText(row.preview),
    error: toText(row.error)
  };
}

const toText = (value: SqlStorageValue | undefined): string | undefined => (typeof value === "string" ? value : undefined);
