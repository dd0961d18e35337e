/**
 * The tables of a session object, oldest first. What is stored outlives the code: append, never edit.
 * Each table's one owner stands in docs/storage.md.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE calls (
     seq INTEGER PRIMARY KEY,
     tool TEXT NOT NULL,
     outcome TEXT NOT NULL,
     started_ms INTEGER NOT NULL,
     duration_ms INTEGER,
     era TEXT NOT NULL,
     client TEXT NOT NULL,
     trace TEXT,
     arguments TEXT,
     preview TEXT,
     result TEXT,
     error TEXT
   ) STRICT`
];

const VERSION_KEY = "schema";

/** Tells whether this object has ever stored anything of ours. */
export function isMigrated(storage: DurableObjectStorage): boolean {
  return storage.kv.get(VERSION_KEY) !== undefined;
}

/** Brings the tables up to date. An object is not migrated before it has something to remember. */
export function migrate(storage: DurableObjectStorage): void {
  const done = storage.kv.get<number>(VERSION_KEY) ?? 0;
  if (done === MIGRATIONS.length) return;
  storage.transactionSync(() => {
    for (const statement of MIGRATIONS.slice(done)) storage.sql.exec(statement);
    storage.kv.put(VERSION_KEY, MIGRATIONS.length);
  });
}
