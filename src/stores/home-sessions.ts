import type { HomeRecord } from "./home-record.ts";

/** A session that has shipped calls. Times are milliseconds since the epoch. */
export interface HomeSession {
  /** The short name of its object, as handles hold it. */
  readonly ref: string;
  /** The name of its object, without the prefix. */
  readonly name: string;
  readonly client: string;
  readonly issuedMs: number;
  readonly expiresMs: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly calls: number;
  /** The highest number among its calls that home was given. */
  readonly shippedThrough: number;
  readonly endedMs: number | undefined;
}

/** The table `sessions`: who has shipped calls to a principal's home, and up to which. Only this class writes it. */
export class HomeSessions {
  readonly #storage: DurableObjectStorage;
  readonly #record: HomeRecord;

  constructor(storage: DurableObjectStorage, record: HomeRecord) {
    this.#storage = storage;
    this.#record = record;
  }

  get(ref: string): HomeSession | undefined {
    if (!this.#record.hasTables) return undefined;
    const [row] = this.#storage.sql.exec("SELECT * FROM sessions WHERE ref = ?", ref);
    return row && toSession(row);
  }

  /** The newest first. */
  list(limit: number): HomeSession[] {
    if (!this.#record.hasTables) return [];
    return this.#storage.sql.exec("SELECT * FROM sessions ORDER BY last_ms DESC, ref LIMIT ?", limit).toArray().map(toSession);
  }

  put(session: HomeSession): void {
    this.#record.migrate();
    this.#storage.sql.exec(
      `INSERT INTO sessions (ref, name, client, issued_ms, expires_ms, first_ms, last_ms, calls, shipped_through, ended_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (ref) DO UPDATE SET first_ms = excluded.first_ms, last_ms = excluded.last_ms, calls = excluded.calls,
         shipped_through = excluded.shipped_through, ended_ms = excluded.ended_ms`,
      session.ref,
      session.name,
      session.client,
      session.issuedMs,
      session.expiresMs,
      session.firstMs,
      session.lastMs,
      session.calls,
      session.shippedThrough,
      session.endedMs ?? null
    );
  }

  count(): number {
    if (!this.#record.hasTables) return 0;
    return Number(this.#storage.sql.exec("SELECT count(*) AS sessions FROM sessions").one().sessions);
  }

  /** Forgets the sessions whose ids have expired and whose last call came before a time. Returns whether any is left. */
  prune(beforeMs: number): boolean {
    if (!this.#record.hasTables) return false;
    this.#storage.sql.exec("DELETE FROM sessions WHERE last_ms < ? AND expires_ms < ?", beforeMs, Date.now());
    return this.count() > 0;
  }
}

const toSession = (row: Record<string, SqlStorageValue>): HomeSession => ({
  ref: String(row.ref),
  name: String(row.name),
  client: String(row.client),
  issuedMs: Number(row.issued_ms),
  expiresMs: Number(row.expires_ms),
  firstMs: Number(row.first_ms),
  lastMs: Number(row.last_ms),
  calls: Number(row.calls),
  shippedThrough: Number(row.shipped_through),
  endedMs: row.ended_ms === null ? undefined : Number(row.ended_ms)
});
