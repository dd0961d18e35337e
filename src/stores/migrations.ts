// What is stored outlives the code: append, never edit. Each table's one owner stands in docs/storage.md.

/** The tables of a session's object, oldest first. */
export const SESSION_MIGRATIONS: readonly string[] = [
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

/** The tables of a principal's home, oldest first. */
export const HOME_MIGRATIONS: readonly string[] = [
  // By number and not by session: numbers follow the clock, so the newest calls of all sessions are the end of the table, and a
  // call is found by its handle, without an index that would cost another row per call.
  `CREATE TABLE home_calls (
     seq INTEGER NOT NULL,
     session TEXT NOT NULL,
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
     error TEXT,
     PRIMARY KEY (seq, session)
   ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE sessions (
     ref TEXT PRIMARY KEY,
     name TEXT NOT NULL,
     client TEXT NOT NULL,
     issued_ms INTEGER NOT NULL,
     expires_ms INTEGER NOT NULL,
     first_ms INTEGER NOT NULL,
     last_ms INTEGER NOT NULL,
     calls INTEGER NOT NULL,
     shipped_through INTEGER NOT NULL,
     ended_ms INTEGER
   ) STRICT, WITHOUT ROWID`
];

/** Applies what was not applied yet. Returns the version that the tables have now. */
export function upgrade(storage: DurableObjectStorage, migrations: readonly string[], version: number): number {
  if (version < migrations.length) {
    storage.transactionSync(() => {
      for (const statement of migrations.slice(version)) storage.sql.exec(statement);
    });
  }
  return migrations.length;
}
