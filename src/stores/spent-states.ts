import type { HomeRecord } from "./home-record.ts";
import { LateTable } from "./late-table.ts";

/** The table `spent_states`: which states of suspended requests came back, so that none is taken twice. Only this class writes it. */
export class SpentStates {
  readonly #storage: DurableObjectStorage;
  readonly #table: LateTable;

  constructor(storage: DurableObjectStorage, record: HomeRecord) {
    this.#storage = storage;
    const columns = "(expires_ms INTEGER, nonce TEXT, PRIMARY KEY (expires_ms, nonce)) STRICT, WITHOUT ROWID";
    this.#table = new LateTable(storage, "spent_states", columns, () => record.migrate());
  }

  /** Marks a state as used up; `false` if it was. After its expiry it is refused for that, and need not be remembered. */
  spend(nonce: string, expiresMs: number): boolean {
    this.#table.prepare();
    const { sql } = this.#storage;
    sql.exec("DELETE FROM spent_states WHERE expires_ms <= ?", Date.now());
    return sql.exec("INSERT OR IGNORE INTO spent_states (expires_ms, nonce) VALUES (?, ?)", expiresMs, nonce).rowsWritten > 0;
  }

  /** Forgets the states that have expired. Returns whether any is left. */
  prune(nowMs: number): boolean {
    if (!this.#table.exists()) return false;
    this.#storage.sql.exec("DELETE FROM spent_states WHERE expires_ms <= ?", nowMs);
    return this.#storage.sql.exec("SELECT 1 FROM spent_states LIMIT 1").toArray().length > 0;
  }

  /** The storage was emptied. */
  reset(): void {
    this.#table.reset();
  }
}
