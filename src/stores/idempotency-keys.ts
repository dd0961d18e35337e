import type { HomeRecord } from "./home-record.ts";
import { LateTable } from "./late-table.ts";

/** A key and the call that it stands for. */
export interface KeyRow {
  readonly key: string;
  readonly digest: string;
  /** `running` until its call has ended; `unknown` where the call was lost. */
  readonly state: "running" | "settled" | "unknown";
  /** Which attempt has the key, and in which object: the name of a session, or of home, without the prefix. */
  readonly claim: string;
  readonly holder: string;
  /** How the call ended, sealed. */
  readonly outcome: string | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresMs: number;
}

/** The table `idempotency`: which keys stand for which calls, and how those ended. Only this class writes it. */
export class IdempotencyKeys {
  readonly #storage: DurableObjectStorage;
  readonly #table: LateTable;

  constructor(storage: DurableObjectStorage, record: HomeRecord) {
    this.#storage = storage;
    this.#table = new LateTable(storage, "idempotency", COLUMNS, () => record.migrate());
  }

  /** `undefined` for a key that stands for nothing, or does no longer. */
  get(key: string): KeyRow | undefined {
    if (!this.#table.exists()) return undefined;
    const [row] = this.#storage.sql.exec("SELECT * FROM idempotency WHERE key = ? AND expires_ms > ?", key, Date.now());
    return row && toKeyRow(row);
  }

  /** Lets a key stand for a call that begins. */
  claim({ key, digest, claim, holder, expiresMs }: Omit<KeyRow, "state" | "outcome">): void {
    this.#table.prepare();
    this.#storage.sql.exec(
      "INSERT OR REPLACE INTO idempotency (key, digest, state, claim, holder, outcome, expires_ms) VALUES (?, ?, 'running', ?, ?, NULL, ?)",
      key,
      digest,
      claim,
      holder,
      expiresMs
    );
  }

  /** Notes how the call of an attempt ended. Another attempt's key is left alone. */
  settle(key: string, claim: string, outcome: string): void {
    this.#table.prepare();
    this.#storage.sql.exec("UPDATE idempotency SET state = 'settled', outcome = ? WHERE key = ? AND claim = ?", outcome, key, claim);
  }

  /** Notes that the call of an attempt was lost. */
  lose(key: string, claim: string): void {
    this.#table.prepare();
    this.#storage.sql.exec("UPDATE idempotency SET state = 'unknown' WHERE key = ? AND claim = ? AND state = 'running'", key, claim);
  }

  /** Frees the key of an attempt that has done nothing. */
  release(key: string, claim: string): void {
    this.#table.prepare();
    this.#storage.sql.exec("DELETE FROM idempotency WHERE key = ? AND claim = ?", key, claim);
  }

  /** Forgets the keys that have expired. Returns whether any is left. */
  prune(nowMs: number): boolean {
    if (!this.#table.exists()) return false;
    this.#storage.sql.exec("DELETE FROM idempotency WHERE expires_ms <= ?", nowMs);
    return this.#storage.sql.exec("SELECT 1 FROM idempotency LIMIT 1").toArray().length > 0;
  }

  /** The storage was emptied. */
  reset(): void {
    this.#table.reset();
  }
}

const COLUMNS = `(
  key TEXT PRIMARY KEY,
  digest TEXT NOT NULL,
  state TEXT NOT NULL,
  claim TEXT NOT NULL,
  holder TEXT NOT NULL,
  outcome TEXT,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID`;

const toKeyRow = (row: Record<string, SqlStorageValue>): KeyRow => ({
  key: String(row.key),
  digest: String(row.digest),
  state: row.state as KeyRow["state"], // written by this class only
  claim: String(row.claim),
  holder: String(row.holder),
  outcome: row.outcome === null ? undefined : String(row.outcome),
  expiresMs: Number(row.expires_ms)
});
