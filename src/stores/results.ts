import type { ResultStart, ResultState, ResultType } from "../mcp/results.ts";
import { nextCallNumber } from "../mcp/signed/call-number.ts";
import type { HomeRecord } from "./home-record.ts";
import { LateTable } from "./late-table.ts";

/** A result as it is stored. Times are milliseconds since the epoch. */
export interface ResultRow extends ResultStart {
  readonly seq: number;
  readonly state: ResultState;
  readonly sizeBytes: number;
  /** How many lines are whole: while it grows the last may go on. */
  readonly lines: number;
  /** How many parts there are. */
  readonly parts: number;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly expiresMs: number;
}

/** Where a part begins: the line that its first byte belongs to, counted from 1. */
export interface PartPlace {
  readonly part: number;
  readonly firstLine: number;
}

/**
 * The tables `results` and `result_chunks`: what was too large for a message. All parts of a result but its last are of one size, so a
 * byte is found by arithmetic; a line by the index of first lines, without reading what the parts hold. Only this class writes them.
 */
export class ResultStore {
  readonly #storage: DurableObjectStorage;
  readonly #results: LateTable;
  readonly #chunks: LateTable;
  #lastSeq = 0;
  #held: { readonly seq: number; readonly part: number; readonly bytes: Uint8Array } | undefined;
  #used: { bytes: number; results: number } | undefined;

  constructor(storage: DurableObjectStorage, record: HomeRecord) {
    this.#storage = storage;
    const onCreate = () => record.migrate();
    this.#results = new LateTable(storage, "results", RESULT_COLUMNS, onCreate);
    this.#chunks = new LateTable(storage, "result_chunks", CHUNK_COLUMNS, onCreate);
  }

  /** Stores an empty result that grows; returns its number. */
  insert({ tool, title, type }: ResultStart, createdMs: number, expiresMs: number): number {
    this.#results.prepare();
    this.#chunks.prepare();
    const used = this.used();
    const { last } = this.#exec("SELECT max(seq) AS last FROM results").one();
    this.#lastSeq = nextCallNumber(Math.max(this.#lastSeq, Number(last)), createdMs);
    this.#exec(
      `INSERT INTO results (seq, tool, title, type, state, bytes, breaks, lines, parts, created_ms, updated_ms, expires_ms)
       VALUES (?, ?, ?, ?, 'growing', 0, 0, 0, 0, ?, ?, ?)`,
      ...[this.#lastSeq, tool, title, type, createdMs, createdMs, expiresMs]
    );
    used.results++;
    return this.#lastSeq;
  }

  get(seq: number): ResultRow | undefined {
    if (!this.#results.exists()) return undefined;
    const [row] = this.#exec("SELECT * FROM results WHERE seq = ?", seq);
    return row && toResultRow(row);
  }

  /** Those before a number that have not expired, the newest first. */
  list(limit: number, beforeSeq: number, nowMs: number): ResultRow[] {
    return this.#select("SELECT * FROM results WHERE seq < ? AND expires_ms > ? ORDER BY seq DESC LIMIT ?", beforeSeq, nowMs, limit);
  }

  /** The largest first. */
  largest(limit: number): ResultRow[] {
    return this.#select("SELECT * FROM results ORDER BY bytes DESC, seq LIMIT ?", limit);
  }

  /** How many results there are, and how much they hold: counted once, then kept up to date, because nobody else writes here. */
  used(): { bytes: number; results: number } {
    if (this.#used) return this.#used;
    const { bytes, results } = this.#results.exists()
      ? this.#exec("SELECT coalesce(sum(bytes), 0) AS bytes, count(*) AS results FROM results").one()
      : { bytes: 0, results: 0 };
    this.#used = { bytes: Number(bytes), results: Number(results) };
    return this.#used;
  }

  /** Adds the next part. */
  append({ seq, parts }: ResultRow, bytes: Uint8Array, nowMs: number): void {
    const { breaks } = this.#exec("SELECT breaks FROM results WHERE seq = ?", seq).one();
    const firstLine = Number(breaks) + 1;
    const added = countBreaks(bytes);
    this.#exec("INSERT INTO result_chunks (result, n, first_line, bytes) VALUES (?, ?, ?, ?)", seq, parts, firstLine, toBuffer(bytes));
    const query =
      "UPDATE results SET bytes = bytes + ?, breaks = breaks + ?, lines = breaks + ?, parts = parts + 1, updated_ms = ? WHERE seq = ?";
    this.#exec(query, bytes.byteLength, added, added, nowMs, seq);
    this.used().bytes += bytes.byteLength;
  }

  /** Says that nothing will be added. What stands behind the last line break is a line as well. */
  close(row: ResultRow, state: "complete" | "cut"): void {
    const last = row.parts === 0 ? undefined : this.part(row.seq, row.parts - 1);
    const isOpen = last !== undefined && last.at(-1) !== LINE_FEED;
    this.#exec("UPDATE results SET state = ?, lines = breaks + ? WHERE seq = ?", state, Number(isOpen), row.seq);
  }

  /** The bytes of a part; `undefined` where there is none. */
  part(seq: number, part: number): Uint8Array | undefined {
    if (!this.#chunks.exists()) return undefined;
    const [row] = this.#exec("SELECT bytes FROM result_chunks WHERE result = ? AND n = ?", seq, part);
    return row?.bytes instanceof ArrayBuffer ? new Uint8Array(row.bytes) : undefined;
  }

  /** The same for whoever reads page after page, mostly of one part: the last is held. */
  recall(seq: number, part: number): Uint8Array | undefined {
    if (this.#held?.seq === seq && this.#held.part === part) return this.#held.bytes;
    const bytes = this.part(seq, part);
    this.#held = bytes && { seq, part, bytes }; // one that is not there may come yet
    return bytes;
  }

  /** The last part that begins before a line does, and holds the break before it; the first part for the first line. */
  placeOf(seq: number, line: number): PartPlace {
    const query = "SELECT n, first_line FROM result_chunks WHERE result = ? AND first_line < ? ORDER BY first_line DESC, n DESC LIMIT 1";
    const [row] = line > 1 && this.#chunks.exists() ? this.#exec(query, seq, line) : [];
    return row ? { part: Number(row.n), firstLine: Number(row.first_line) } : { part: 0, firstLine: 1 };
  }

  /** The line that the first byte of a part belongs to. */
  firstLineOf(seq: number, part: number): number {
    return Number(this.#exec("SELECT first_line FROM result_chunks WHERE result = ? AND n = ?", seq, part).one().first_line);
  }

  remove(seq: number): void {
    this.#forget("seq = ?", seq);
  }

  /** Forgets results that have expired. */
  forgetExpired(nowMs: number): void {
    this.#forget("expires_ms <= ?", nowMs);
  }

  /** Forgets results that have expired, and says of those that nobody has added to for a time that they were cut. Returns whether any is left. */
  prune(nowMs: number, lostMs: number): boolean {
    if (!this.#results.exists()) return false;
    this.forgetExpired(nowMs);
    for (const row of this.#select("SELECT * FROM results WHERE state = 'growing' AND updated_ms < ?", nowMs - lostMs))
      this.close(row, "cut");
    return this.used().results > 0;
  }

  /** The storage was emptied. */
  reset(): void {
    this.#used = undefined;
    this.#held = undefined;
    for (const table of [this.#results, this.#chunks]) table.reset();
  }

  #forget(filter: string, value: number): void {
    if (!this.#results.exists()) return;
    if (this.#chunks.exists()) this.#exec(`DELETE FROM result_chunks WHERE result IN (SELECT seq FROM results WHERE ${filter})`, value);
    this.#exec(`DELETE FROM results WHERE ${filter}`, value);
    this.#used = undefined;
    this.#held = undefined;
  }

  #select(query: string, ...bindings: SqlStorageValue[]): ResultRow[] {
    if (!this.#results.exists()) return [];
    return this.#exec(query, ...bindings)
      .toArray()
      .map(toResultRow);
  }

  #exec(query: string, ...bindings: SqlStorageValue[]): SqlStorageCursor<Record<string, SqlStorageValue>> {
    return this.#storage.sql.exec(query, ...bindings);
  }
}

const LINE_FEED = 0x0a;

// Numbered by the clock, as calls are: the handle of a result that was deleted, with its whole home perhaps, never leads to another.
const RESULT_COLUMNS = `(
  seq INTEGER PRIMARY KEY,
  tool TEXT NOT NULL,
  title TEXT NOT NULL,
  type TEXT NOT NULL,
  state TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  breaks INTEGER NOT NULL,
  lines INTEGER NOT NULL,
  parts INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL
) STRICT`;

// With row ids: a tree whose leaves hold half a mebibyte each is not searched well. The second index finds a line in one step.
const CHUNK_COLUMNS = `(
  result INTEGER NOT NULL,
  n INTEGER NOT NULL,
  first_line INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (result, n),
  UNIQUE (result, first_line, n)
) STRICT`;

function countBreaks(bytes: Uint8Array): number {
  let breaks = 0;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) breaks++;
  return breaks;
}

/** Storage takes whole buffers only. */
function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer {
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) return buffer;
  return new Uint8Array(buffer, byteOffset, byteLength).slice().buffer;
}

const toResultRow = (row: Record<string, SqlStorageValue>): ResultRow => ({
  seq: Number(row.seq),
  tool: String(row.tool),
  title: String(row.title),
  type: row.type as ResultType, // written by this class only
  state: row.state as ResultState, // likewise
  sizeBytes: Number(row.bytes),
  lines: Number(row.lines),
  parts: Number(row.parts),
  createdMs: Number(row.created_ms),
  updatedMs: Number(row.updated_ms),
  expiresMs: Number(row.expires_ms)
});
