import type { HomeRecord } from "./home-record.ts";
import { LateTable } from "./late-table.ts";

/** A workflow that a principal defined. */
export interface WorkflowRow {
  readonly name: string;
  /** JSON text. */
  readonly definition: string;
}

/** The table `workflows`: a principal's own definitions, by their names. Only this class writes it. */
export class WorkflowStore {
  readonly #storage: DurableObjectStorage;
  readonly #table: LateTable;

  constructor(storage: DurableObjectStorage, record: HomeRecord) {
    this.#storage = storage;
    this.#table = new LateTable(storage, "workflows", COLUMNS, () => record.migrate());
  }

  /** Keeps a definition under its name; `true` if it took the place of another. */
  put({ name, definition }: WorkflowRow): boolean {
    this.#table.prepare();
    const isKnown = this.get(name) !== undefined;
    const query =
      "INSERT INTO workflows (name, definition, updated_ms) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET definition = excluded.definition, updated_ms = excluded.updated_ms";
    this.#exec(query, name, definition, Date.now());
    return isKnown;
  }

  /** The definition of this name, JSON text. */
  get(name: string): string | undefined {
    if (!this.#table.exists()) return undefined;
    const [row] = this.#exec("SELECT definition FROM workflows WHERE name = ?", name);
    return row && String(row.definition);
  }

  count(): number {
    if (!this.#table.exists()) return 0;
    return Number(this.#exec("SELECT count(*) AS workflows FROM workflows").one().workflows);
  }

  /** All of them, by name. */
  list(): WorkflowRow[] {
    if (!this.#table.exists()) return [];
    return this.#exec("SELECT name, definition FROM workflows ORDER BY name")
      .toArray()
      .map(({ name, definition }) => ({ name: String(name), definition: String(definition) }));
  }

  /** The storage was emptied. */
  reset(): void {
    this.#table.reset();
  }

  #exec(query: string, ...bindings: SqlStorageValue[]): SqlStorageCursor<Record<string, SqlStorageValue>> {
    return this.#storage.sql.exec(query, ...bindings);
  }
}

const COLUMNS = "(name TEXT PRIMARY KEY, definition TEXT NOT NULL, updated_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID";
