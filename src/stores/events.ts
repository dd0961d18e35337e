import { piecesOf } from "../lib/text.ts";
import { LateTable } from "./late-table.ts";

/** How long the events of a stream that ended are kept for a client that comes back, milliseconds. */
const KEPT_MS = 5 * 60 * 1000;

/** A row holds 2 MB at most in production; a UTF-16 unit takes at most 3 bytes. */
const CHUNK_LENGTH = 512 * 1024;

/** The standalone stream never ends: no more rows of one stream are kept than a POST's stream has events. */
const MAX_ROWS = 256;

/** The table `events`: what clients of broken streams have yet to read, as the very text of the streams. Only this class writes it. */
export class Events {
  readonly #storage: DurableObjectStorage;
  readonly #onStored: (expiresMs: number) => void;
  readonly #table: LateTable;

  /** @param onStored runs whenever something was stored, with the time at which {@link sweep} may delete it. */
  constructor(storage: DurableObjectStorage, onStored: (expiresMs: number) => void) {
    this.#storage = storage;
    this.#table = new LateTable(storage, "events", COLUMNS);
    this.#onStored = onStored;
  }

  /** Stores more of a stream's text, in chunks that fit a row. */
  append(stream: string, text: string): void {
    this.#table.prepare();
    const expiresMs = Date.now() + KEPT_MS;
    const [last] = this.#storage.sql.exec("SELECT max(seq) AS seq FROM events WHERE stream = ?", stream);
    let seq = Number(last?.seq ?? 0);
    for (const chunk of piecesOf(text, CHUNK_LENGTH)) {
      this.#storage.sql.exec("INSERT INTO events (stream, seq, expires_ms, body) VALUES (?, ?, ?, ?)", stream, ++seq, expiresMs, chunk);
    }
    if (seq > MAX_ROWS) this.#storage.sql.exec("DELETE FROM events WHERE stream = ? AND seq <= ?", stream, seq - MAX_ROWS);
    this.#onStored(expiresMs);
  }

  /** The kept text of a stream; `undefined` if nothing is kept of it. */
  read(stream: string): string | undefined {
    if (!this.#table.exists()) return undefined; // a client may ask for any stream, and asking stores nothing
    const rows = this.#storage.sql
      .exec("SELECT body FROM events WHERE stream = ? AND expires_ms > ? ORDER BY seq", stream, Date.now())
      .toArray();
    return rows.length === 0 ? undefined : rows.map(({ body }) => String(body)).join("");
  }

  /** Reads the kept text of a stream and deletes it: whoever asks has it. */
  take(stream: string): string | undefined {
    const text = this.read(stream);
    if (text !== undefined) this.#storage.sql.exec("DELETE FROM events WHERE stream = ?", stream);
    return text;
  }

  /** Deletes what nobody came back for. Returns when to sweep again; `undefined` if nothing is left. */
  sweep(): number | undefined {
    if (!this.#table.exists()) return undefined;
    this.#storage.sql.exec("DELETE FROM events WHERE expires_ms <= ?", Date.now());
    const [next] = this.#storage.sql.exec("SELECT min(expires_ms) AS due FROM events");
    return typeof next?.due === "number" ? next.due : undefined;
  }

  /** The storage was emptied. */
  reset(): void {
    this.#table.reset();
  }
}

const COLUMNS =
  "(stream TEXT, seq INTEGER, expires_ms INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (stream, seq)) STRICT, WITHOUT ROWID";
