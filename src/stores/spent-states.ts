/** The table `spent_states`: which states of suspended requests came back, so that none is taken twice. Only this class writes it. */
export class SpentStates {
  readonly #storage: DurableObjectStorage;
  #isReady = false;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Marks a state as used up; `false` if it was. After its expiry it is refused for that, and need not be remembered. */
  spend(nonce: string, expiresMs: number): boolean {
    this.#prepare();
    const { sql } = this.#storage;
    sql.exec("DELETE FROM spent_states WHERE expires_ms <= ?", Date.now());
    return sql.exec("INSERT OR IGNORE INTO spent_states (expires_ms, nonce) VALUES (?, ?)", expiresMs, nonce).rowsWritten > 0;
  }

  #prepare(): void {
    if (this.#isReady) return;
    // Made with the first state that comes back: most homes never ask.
    this.#storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS spent_states (expires_ms INTEGER, nonce TEXT, PRIMARY KEY (expires_ms, nonce)) STRICT, WITHOUT ROWID"
    );
    this.#isReady = true;
  }
}
