import type { RunState, StepState } from "../mcp/runs.ts";
import type { HomeRecord } from "./home-record.ts";
import { LateTable } from "./late-table.ts";

/** A run as it is stored. Times are milliseconds since the epoch. */
export interface RunRow {
  readonly seq: number;
  readonly workflow: string;
  readonly state: RunState;
  /** The definition as it was when the run was started, JSON text. */
  readonly definition: string;
  readonly isShipped: boolean;
  /** Inputs, principal and credentials, sealed; absent once the run has ended, the credentials once it has failed. */
  readonly sealed: string | undefined;
  /** The short name of the session that started it; of home where none did. */
  readonly session: string;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** When it goes on by itself. */
  readonly dueMs: number | undefined;
  /** When it was told to stop. */
  readonly cancelledMs: number | undefined;
  /** Why it failed, or is signed out. */
  readonly error: string | undefined;
  /** What it answered with, JSON text. */
  readonly output: string | undefined;
}

/** A step of a run as it is stored. */
export interface StepRow {
  readonly run: number;
  readonly path: string;
  readonly state: StepState;
  readonly attempt: number;
  readonly startedMs: number;
  readonly endedMs: number | undefined;
  readonly dueMs: number | undefined;
  readonly message: string | undefined;
  /** JSON text. */
  readonly output: string | undefined;
}

/** The tables `runs` and `steps`: the state of every run of a principal. Only this class writes them. */
export class RunStore {
  readonly #storage: DurableObjectStorage;
  readonly #runs: LateTable;
  readonly #steps: LateTable;

  constructor(storage: DurableObjectStorage, record: HomeRecord) {
    this.#storage = storage;
    const onCreate = () => record.migrate();
    this.#runs = new LateTable(storage, "runs", RUN_COLUMNS, onCreate);
    this.#steps = new LateTable(storage, "steps", STEP_COLUMNS, onCreate);
  }

  /** Stores a run that begins; returns its number. */
  insert(run: Omit<RunRow, "seq" | "state" | "updatedMs" | "dueMs" | "cancelledMs" | "error" | "output">): number {
    this.#runs.prepare();
    const { seq } = this.#exec(
      `INSERT INTO runs (workflow, state, definition, is_shipped, sealed, session, created_ms, updated_ms)
       VALUES (?, 'running', ?, ?, ?, ?, ?, ?) RETURNING seq`,
      run.workflow,
      run.definition,
      Number(run.isShipped),
      run.sealed ?? null,
      run.session,
      run.createdMs,
      run.createdMs
    ).one();
    return Number(seq);
  }

  get(seq: number): RunRow | undefined {
    if (!this.#runs.exists()) return undefined;
    const [row] = this.#exec("SELECT * FROM runs WHERE seq = ?", seq);
    return row && toRun(row);
  }

  /** The newest first, without what is sealed and what they answered with, which may be long. */
  list(state: RunState | undefined, limit: number): RunRow[] {
    if (!this.#runs.exists()) return [];
    const filter = state === undefined ? "" : "WHERE state = ?";
    const bindings = state === undefined ? [limit] : [state, limit];
    return this.#exec(`SELECT ${LISTED} FROM runs ${filter} ORDER BY seq DESC LIMIT ?`, ...bindings)
      .toArray()
      .map(toRun);
  }

  /** Those that have not ended, likewise. */
  listOpen(limit: number): RunRow[] {
    if (!this.#runs.exists()) return [];
    return this.#exec(`SELECT ${LISTED} FROM runs WHERE ${IS_OPEN} ORDER BY seq DESC LIMIT ?`, limit).toArray().map(toRun);
  }

  /** The numbers of the runs that should be at work now: those that run, and those that have slept enough. */
  due(nowMs: number): number[] {
    if (!this.#runs.exists()) return [];
    return this.#exec("SELECT seq FROM runs WHERE state = 'running' OR (state = 'sleeping' AND due_ms <= ?) ORDER BY seq", nowMs)
      .toArray()
      .map(({ seq }) => Number(seq));
  }

  /** When the next run has slept enough of those that have not yet; `undefined` where none sleeps. */
  nextDueMs(nowMs: number): number | undefined {
    if (!this.#runs.exists()) return undefined;
    const { due } = this.#exec("SELECT min(due_ms) AS due FROM runs WHERE state = 'sleeping' AND due_ms > ?", nowMs).one();
    return due === null ? undefined : Number(due);
  }

  /** The numbers of the runs that have not ended, and whether each is signed out. */
  open(): { seq: number; isSignedOut: boolean }[] {
    if (!this.#runs.exists()) return [];
    return this.#exec(`SELECT seq, state FROM runs WHERE ${IS_OPEN} ORDER BY seq`)
      .toArray()
      .map(({ seq, state }) => ({ seq: Number(seq), isSignedOut: state === "signed_out" }));
  }

  /** The numbers of the runs that are signed out, and were before a time. */
  signedOut(beforeMs = Number.MAX_SAFE_INTEGER): number[] {
    if (!this.#runs.exists()) return [];
    return this.#exec("SELECT seq FROM runs WHERE state = 'signed_out' AND updated_ms < ? ORDER BY seq", beforeMs)
      .toArray()
      .map(({ seq }) => Number(seq));
  }

  /** Notes that a run goes on, or waits: for a time, or for somebody. */
  park(seq: number, state: "running" | "sleeping" | "waiting" | "signed_out", dueMs?: number, error?: string): void {
    const query = "UPDATE runs SET state = ?, due_ms = ?, error = ?, updated_ms = ? WHERE seq = ?";
    this.#exec(query, state, dueMs ?? null, error ?? null, Date.now(), seq);
  }

  /** Keeps what a run needs while nobody is connected. */
  seal(seq: number, sealed: string): void {
    this.#exec("UPDATE runs SET sealed = ? WHERE seq = ?", sealed, seq);
  }

  /** Ends a run. What waited sealed is deleted, but for what is given. */
  end(seq: number, state: RunState, { error, output, sealed }: Partial<Pick<RunRow, "error" | "output" | "sealed">> = {}): void {
    const query = "UPDATE runs SET state = ?, due_ms = NULL, sealed = ?, error = ?, output = ?, updated_ms = ? WHERE seq = ?";
    this.#exec(query, state, sealed ?? null, error ?? null, output ?? null, Date.now(), seq);
  }

  /** Notes that a run shall stop. */
  cancel(seq: number): void {
    this.#exec("UPDATE runs SET cancelled_ms = ?, updated_ms = ? WHERE seq = ?", Date.now(), Date.now(), seq);
  }

  /** Lets a run that failed go on: the steps that failed are done again. */
  reopen(seq: number): void {
    this.#exec("DELETE FROM steps WHERE run = ? AND state = 'failed'", seq);
    this.#exec("UPDATE runs SET state = 'running', error = NULL, cancelled_ms = NULL, updated_ms = ? WHERE seq = ?", Date.now(), seq);
  }

  remove(seq: number): void {
    if (this.#steps.exists()) this.#exec("DELETE FROM steps WHERE run = ?", seq);
    this.#exec("DELETE FROM runs WHERE seq = ?", seq);
  }

  /** Those that have not ended. */
  countOpen(): number {
    if (!this.#runs.exists()) return 0;
    return Number(this.#exec(`SELECT count(*) AS runs FROM runs WHERE ${IS_OPEN}`).one().runs);
  }

  /** By their paths: the clock stands still while an object computes, so it does not tell their order. */
  steps(run: number): StepRow[] {
    if (!this.#steps.exists()) return [];
    return this.#exec("SELECT * FROM steps WHERE run = ? ORDER BY path", run).toArray().map(toStep);
  }

  /** Steps without what they answered with, which may be long. */
  outlines(run: number): StepRow[] {
    if (!this.#steps.exists()) return [];
    const columns = "run, path, state, attempt, started_ms, ended_ms, due_ms, message";
    return this.#exec(`SELECT ${columns} FROM steps WHERE run = ? ORDER BY path`, run).toArray().map(toStep);
  }

  putStep(step: StepRow): void {
    this.#steps.prepare();
    this.#exec(
      `INSERT INTO steps (run, path, state, attempt, started_ms, ended_ms, due_ms, message, output) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (run, path) DO UPDATE SET state = excluded.state, attempt = excluded.attempt, ended_ms = excluded.ended_ms,
         due_ms = excluded.due_ms, message = excluded.message, output = excluded.output`,
      step.run,
      step.path,
      step.state,
      step.attempt,
      step.startedMs,
      step.endedMs ?? null,
      step.dueMs ?? null,
      step.message ?? null,
      step.output ?? null
    );
  }

  /** Forgets a step that was begun: it is done anew. */
  removeStep(run: number, path: string): void {
    if (this.#steps.exists()) this.#exec("DELETE FROM steps WHERE run = ? AND path = ?", run, path);
  }

  /** Forgets runs that ended before a time. Returns whether any is left. */
  prune(beforeMs: number): boolean {
    if (this.#runs.exists()) {
      const ended = `SELECT seq FROM runs WHERE NOT ${IS_OPEN} AND updated_ms < ?`;
      if (this.#steps.exists()) this.#exec(`DELETE FROM steps WHERE run IN (${ended})`, beforeMs);
      this.#exec(`DELETE FROM runs WHERE NOT ${IS_OPEN} AND updated_ms < ?`, beforeMs);
      return this.#exec("SELECT 1 FROM runs LIMIT 1").toArray().length > 0;
    }
    return false;
  }

  /** The storage was emptied. */
  reset(): void {
    for (const table of [this.#runs, this.#steps]) table.reset();
  }

  #exec(query: string, ...bindings: SqlStorageValue[]): SqlStorageCursor<Record<string, SqlStorageValue>> {
    return this.#storage.sql.exec(query, ...bindings);
  }
}

const LISTED = "seq, workflow, state, definition, is_shipped, session, created_ms, updated_ms, due_ms, cancelled_ms, error";
const IS_OPEN = "state IN ('running', 'sleeping', 'waiting', 'signed_out')";

// AUTOINCREMENT, so that the handle of a run that was deleted never leads to another.
const RUN_COLUMNS = `(
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  workflow TEXT NOT NULL,
  state TEXT NOT NULL,
  definition TEXT NOT NULL,
  is_shipped INTEGER NOT NULL,
  sealed TEXT,
  session TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  due_ms INTEGER,
  cancelled_ms INTEGER,
  error TEXT,
  output TEXT
) STRICT`;

const STEP_COLUMNS = `(
  run INTEGER NOT NULL,
  path TEXT NOT NULL,
  state TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  started_ms INTEGER NOT NULL,
  ended_ms INTEGER,
  due_ms INTEGER,
  message TEXT,
  output TEXT,
  PRIMARY KEY (run, path)
) STRICT, WITHOUT ROWID`;

const toRun = (row: Record<string, SqlStorageValue>): RunRow => ({
  seq: Number(row.seq),
  workflow: String(row.workflow),
  state: row.state as RunState, // written by this class only
  definition: String(row.definition),
  isShipped: row.is_shipped === 1,
  sealed: toText(row.sealed),
  session: String(row.session),
  createdMs: Number(row.created_ms),
  updatedMs: Number(row.updated_ms),
  dueMs: toNumber(row.due_ms),
  cancelledMs: toNumber(row.cancelled_ms),
  error: toText(row.error),
  output: toText(row.output)
});

const toStep = (row: Record<string, SqlStorageValue>): StepRow => ({
  run: Number(row.run),
  path: String(row.path),
  state: row.state as StepState, // likewise
  attempt: Number(row.attempt),
  startedMs: Number(row.started_ms),
  endedMs: toNumber(row.ended_ms),
  dueMs: toNumber(row.due_ms),
  message: toText(row.message),
  output: toText(row.output)
});

const toText = (value: SqlStorageValue | undefined): string | undefined => (typeof value === "string" ? value : undefined);
const toNumber = (value: SqlStorageValue | undefined): number | undefined => (typeof value === "number" ? value : undefined);
