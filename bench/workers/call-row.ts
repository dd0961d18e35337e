/** What differs between the calls of the lanes that keep a row of their own. */
export interface BenchCall {
  readonly tool: string;
  readonly era: "sessionful" | "stateless";
  readonly arguments: string;
  readonly preview: string;
}

/** Makes the table of those lanes, like the `calls` of `src/`. */
export function createCallsTable(sql: SqlStorage): void {
  sql.exec(
    `CREATE TABLE IF NOT EXISTS calls (
       seq INTEGER PRIMARY KEY, tool TEXT NOT NULL, outcome TEXT NOT NULL, started_ms INTEGER NOT NULL, duration_ms INTEGER,
       era TEXT NOT NULL, client TEXT NOT NULL, trace TEXT, arguments TEXT, preview TEXT, result TEXT, error TEXT
     ) STRICT`
  );
}

/** Writes the row of one call. */
export function insertCall(sql: SqlStorage, { tool, era, arguments: args, preview }: BenchCall): void {
  sql.exec(
    "INSERT INTO calls (tool, outcome, started_ms, duration_ms, era, client, arguments, preview, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    tool,
    "ok",
    Date.now(),
    0,
    era,
    "bench/1.0.0",
    args,
    preview,
    null
  );
}
