import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { apiKeyName, createApiKey } from "../../src/auth/api-key.ts";
import { SCOPES } from "../../src/mcp/principal.ts";
import { LOCAL_BINDINGS, startBuiltWorker } from "../support/built-worker.ts";
import { RawStateless } from "../support/stateless.ts";
import { objectFilesIn } from "./object-files.ts";
import type { Expect } from "./run-check.ts";
import { ask, endOfRun, startRun } from "./run-client.ts";

const HOMES = 200;
const RUNS_PER_HOME = 5;
const AT_ONCE = 20;
/** While a run is at work its home's alarm stands 30 s ahead. It is taken back once the last of them waits. */
const RESTED_MS = 2000;
const IDLE_MS = 20_000;
/** A home's daily sweep may stand. */
const SOON_MS = 12 * 60 * 60 * 1000;

const ASKING = { id: "ask", kind: "approval", message: "Go on?" };

/** Leaves a thousand runs waiting: nothing wakes their homes, and a signal completes one. */
export async function expectWaiting(expect: Expect): Promise<void> {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-waiting-"));
  const keys = Array.from({ length: HOMES }, () => createApiKey());
  const toEntry = ({ kid, hash }: (typeof keys)[number]) => [apiKeyName(kid), JSON.stringify({ hash, scopes: SCOPES, created: 0 })];
  const worker = await startBuiltWorker({
    configPath: "test/fixtures/wrangler.toml",
    main: "test/fixtures/boots-worker.ts",
    stateDir,
    bindings: { ...LOCAL_BINDINGS, RATE_LIMIT: "off", MAX_OPEN_RUNS: "1000" },
    kv: { KEYS: Object.fromEntries(keys.map(toEntry)) }
  });
  try {
    const clients = keys.map(({ key }) => new RawStateless(`${worker.url}/mcp`, { authorization: `Bearer ${key}` }));
    const startedMs = Date.now();
    const handles = await startAll(clients);
    const started = await readHomes(stateDir);
    expect(
      `waiting: ${HOMES * RUNS_PER_HOME} runs wait in ${HOMES} homes`,
      started.homes === HOMES && started.waiting === HOMES * RUNS_PER_HOME,
      {
        ...started,
        startMs: Date.now() - startedMs
      }
    );
    await sleep(RESTED_MS);
    const looked = await readHomes(stateDir);
    expect("waiting: no home woke again", looked.boots === started.boots, looked);
    expect("waiting: none but the daily sweep's alarm stands, a day ahead", looked.alarms === HOMES && looked.alarmsSoon === 0, looked);
    await sleep(IDLE_MS);
    const idle = await readHomes(stateDir);
    expect(`waiting: no home woke in ${IDLE_MS / 1000} s`, idle.boots === looked.boots, idle);
    await expectSignal(expect, handles);
    const woken = await readHomes(stateDir);
    expect("waiting: its home had slept, and no other woke", woken.boots === idle.boots + 1, woken);
  } finally {
    await worker.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

/** Starts the runs of every home. Returns the handle of one of each. */
async function startAll(clients: readonly RawStateless[]): Promise<Map<RawStateless, string>> {
  const handles = new Map<RawStateless, string>();
  const left = clients.values();
  const start = async () => {
    // No two alike: equal calls in a row are refused.
    for (const client of left)
      for (let i = 0; i < RUNS_PER_HOME; i++)
        handles.set(client, await startRun(client, { definition: { name: `waits-${i}`, steps: [ASKING] } }));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, start));
  return handles;
}

async function expectSignal(expect: Expect, [first]: Iterable<readonly [RawStateless, string]>): Promise<void> {
  if (!first) throw new Error("No run was started.");
  const [client, run] = first;
  await ask(client, "signal_run", { run, approved: true });
  const { state } = await endOfRun(client, run);
  expect("waiting: a signal completes one", state === "completed", state);
}

interface Homes {
  readonly homes: number;
  /** How often they started, all together. */
  readonly boots: number;
  /** How many of their runs wait. */
  readonly waiting: number;
  readonly alarms: number;
  readonly alarmsSoon: number;
}

async function readHomes(stateDir: string): Promise<Homes> {
  const read = (await objectFilesIn(stateDir, "Home")).map(readHome);
  const sum = (of: (home: (typeof read)[number]) => number) => read.reduce((total, home) => total + of(home), 0);
  return {
    homes: read.length,
    boots: sum(({ boots }) => boots),
    waiting: sum(({ waiting }) => waiting),
    alarms: sum(({ alarmMs }) => Number(alarmMs !== undefined)),
    alarmsSoon: sum(({ alarmMs }) => Number(alarmMs !== undefined && alarmMs < Date.now() + SOON_MS))
  };
}

function readHome(path: string) {
  using database = new DatabaseSync(path, { readOnly: true });
  const count = (from: string) => Number(database.prepare(`SELECT count(*) AS count FROM ${from}`).get()?.count);
  // Where the runtime notes an object's alarm, in nanoseconds.
  const alarm = database.prepare("SELECT value / 1000000 AS ms FROM _cf_METADATA WHERE key = 1").get()?.ms;
  return {
    boots: count("boots"),
    waiting: count("runs WHERE state = 'waiting'"),
    alarmMs: typeof alarm === "number" ? alarm : undefined
  };
}
