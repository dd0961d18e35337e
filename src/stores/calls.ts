import type { Call, CallEnd, CallRecorder, CallStart } from "../mcp/history.ts";
import { nextCallNumber, timeOfNumber } from "../mcp/signed/call-number.ts";
import { CALL_COLUMNS, CALL_PLACEHOLDERS, type CallState, IS_OPEN, isOpen, toBindings, toCall } from "./call-row.ts";
import type { SessionRecord } from "./session-record.ts";

/**
 * The table `calls`: every `tools/call` of one session until its principal's home has it, unknown tools included; with it the key
 * `shipped_through` and the table `unsettled`, which say what home has. Only this class writes them.
 */
export class Calls implements CallRecorder {
  readonly #storage: DurableObjectStorage;
  readonly #record: SessionRecord;
  #isReady = false;
  /** The object is the only writer, so it need not ask for the number of a row that it has just written. */
  #lastSeq = 0;
  #shippedThrough = 0;
  #hasUnsettled = false;

  constructor(storage: DurableObjectStorage, record: SessionRecord) {
    this.#storage = storage;
    this.#record = record;
  }

  append(call: CallStart & CallEnd): number {
    return this.#insert(call, call);
  }

  open(call: CallStart, outcome: "pending" | "running"): number {
    this.#exec(`CREATE INDEX IF NOT EXISTS ${OPEN_INDEX} ON calls (outcome) WHERE ${IS_OPEN}`);
    return this.#insert(call, { outcome, durationMs: undefined, preview: undefined, error: undefined });
  }

  reopen(seq: number, outcome: "pending" | "running"): void {
    this.#exec("UPDATE calls SET outcome = ? WHERE seq = ?", outcome, seq);
  }

  noteResult(seq: number, result: string | undefined): void {
    this.#exec("UPDATE calls SET result = ? WHERE seq = ?", result ?? null, seq);
  }

  settle(seq: number, { outcome, durationMs, preview, error, result }: CallEnd): void {
    const query = "UPDATE calls SET outcome = ?, duration_ms = ?, preview = ?, error = ?, result = ? WHERE seq = ?";
    this.#exec(query, outcome, durationMs ?? null, preview ?? null, error ?? null, result ?? null, seq);
  }

  /** When the last call was recorded, milliseconds since the epoch; `undefined` where there was none. */
  get lastMs(): number | undefined {
    if (!this.#record.hasTables) return undefined;
    this.#prepare();
    const last = Math.max(this.#lastSeq, this.#shippedThrough);
    return last === 0 ? undefined : timeOfNumber(last);
  }

  /** The calls that home does not have, or has unsettled while they are settled here; the oldest first. */
  unshipped(limit: number): Call[] {
    if (!this.#record.hasTables) return [];
    this.#prepare();
    const settled = this.#hasUnsettled
      ? this.#exec(
          `SELECT ${CALL_COLUMNS} FROM unsettled JOIN calls USING (seq) WHERE NOT ${IS_OPEN} ORDER BY seq LIMIT ?`,
          limit
        ).toArray()
      : [];
    const query = `SELECT ${CALL_COLUMNS} FROM calls WHERE seq > ? ORDER BY seq LIMIT ?`;
    return [...settled, ...this.#exec(query, this.#shippedThrough, limit - settled.length).toArray()].map(toCall);
  }

  /** Notes that home has these calls, as they were when {@link unshipped} gave them. */
  markShipped(calls: readonly Call[]): void {
    const through = calls.reduce((highest, { seq }) => Math.max(highest, seq), this.#shippedThrough);
    const open = calls.filter(isOpen);
    this.#storage.transactionSync(() => {
      if (open.length > 0) this.#storage.sql.exec("CREATE TABLE IF NOT EXISTS unsettled (seq INTEGER PRIMARY KEY) STRICT");
      for (const { seq } of open) this.#storage.sql.exec("INSERT OR IGNORE INTO unsettled (seq) VALUES (?)", seq);
      if (this.#hasUnsettled) {
        for (const call of calls) if (!isOpen(call)) this.#storage.sql.exec("DELETE FROM unsettled WHERE seq = ?", call.seq);
      }
      if (through > this.#shippedThrough) this.#storage.kv.put(SHIPPED_THROUGH, through);
    });
    this.#hasUnsettled ||= open.length > 0;
    this.#shippedThrough = through;
  }

  /** Whether home has calls unsettled: they must be shipped again. */
  get hasUnsettled(): boolean {
    if (!this.#hasUnsettled) return false;
    this.#hasUnsettled = this.#exec("SELECT 1 FROM unsettled LIMIT 1").toArray().length > 0;
    return this.#hasUnsettled;
  }

  /** Deletes calls that home has deleted. It had them settled, also where this object was never told so. */
  drop(seqs: readonly number[]): void {
    if (!this.#record.hasTables) return;
    for (const seq of seqs) {
      this.#exec("DELETE FROM calls WHERE seq = ?", seq);
      if (this.#hasUnsettled) this.#exec("DELETE FROM unsettled WHERE seq = ?", seq);
    }
  }

  /** Deletes what home has: a session that has ended needs no copy. */
  dropShipped(): void {
    if (!this.#record.hasTables) return;
    this.#prepare();
    this.#exec(`DELETE FROM calls WHERE seq <= ? AND NOT ${IS_OPEN}`, this.#shippedThrough);
  }

  /** The storage was emptied. */
  reset(): void {
    this.#isReady = false;
    this.#lastSeq = 0;
    this.#shippedThrough = 0;
    this.#hasUnsettled = false;
  }

  #insert(call: CallStart, end: CallState): number {
    if (!this.#isReady) this.#prepare();
    const seq = nextCallNumber(this.#lastSeq, Date.now());
    this.#lastSeq = seq;
    this.#exec(`INSERT INTO calls (${CALL_COLUMNS}) VALUES (${CALL_PLACEHOLDERS})`, ...toBindings(seq, call, end));
    return seq;
  }

  #exec(query: string, ...bindings: SqlStorageValue[]): SqlStorageCursor<Record<string, SqlStorageValue>> {
    if (!this.#isReady) this.#prepare();
    return this.#storage.sql.exec(query, ...bindings);
  }

  /** Once per incarnation: what was not settled when the last one ended never will be, and nobody knows what became of it. */
  #prepare(): void {
    if (this.#isReady) return;
    const hadTables = this.#record.hasTables;
    this.#record.migrate();
    this.#isReady = true;
    if (!hadTables) return;
    this.#shippedThrough = this.#storage.kv.get<number>(SHIPPED_THROUGH) ?? 0;
    const highest = Number(this.#storage.sql.exec("SELECT max(seq) AS seq FROM calls").one().seq ?? 0);
    this.#lastSeq = Math.max(highest, this.#shippedThrough); // deleted calls keep their numbers
    this.#hasUnsettled = this.#has("unsettled");
    if (this.#has(OPEN_INDEX)) this.#storage.sql.exec(`UPDATE calls SET outcome = 'unknown' WHERE ${IS_OPEN}`);
  }

  #has(name: string): boolean {
    return this.#storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = ?", name).toArray().length > 0;
  }
}

const SHIPPED_THROUGH = "shipped_through";

// The index holds only what is not settled, so that waking costs no scan and a settled call one row. It is made with the first
// call that is opened: most sessions only read, and never pay for it.
const OPEN_INDEX = "calls_open";
