import type { RunNote } from "../mcp/doors/home-door.ts";
import { LateTable } from "./late-table.ts";
import type { SessionRecord } from "./session-record.ts";

/** The table `session_runs`: how the runs stand that a session started. Home tells it, and wins. Only this class writes it. */
export class SessionRuns {
  readonly #storage: DurableObjectStorage;
  readonly #table: LateTable;

  constructor(storage: DurableObjectStorage, record: SessionRecord) {
    this.#storage = storage;
    this.#table = new LateTable(storage, "session_runs", COLUMNS, () => record.migrate());
  }

  /** Takes what home tells. What is told late changes nothing. */
  put({ run, workflow, state, step, updatedMs }: RunNote): void {
    this.#table.prepare();
    this.#storage.sql.exec(
      `INSERT INTO session_runs (run, workflow, state, step, updated_ms) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (run) DO UPDATE SET state = excluded.state, step = excluded.step, updated_ms = excluded.updated_ms
       WHERE excluded.updated_ms >= updated_ms`,
      run,
      workflow,
      state,
      step ?? null,
      updatedMs
    );
  }

  /** The storage was emptied. */
  reset(): void {
    this.#table.reset();
  }
}

const COLUMNS =
  "(run TEXT PRIMARY KEY, workflow TEXT NOT NULL, state TEXT NOT NULL, step TEXT, updated_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID";
