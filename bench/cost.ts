import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { startBuiltWorker } from "../test/support/built-worker.ts";
import { RawSession } from "../test/support/session.ts";
import { RawStateless } from "../test/support/stateless.ts";
import { createApiKeys } from "./api-keys.ts";
import type { Count, Kind } from "./count.ts";
import { layOut, rounded } from "./figures.ts";
import { CONFIG, createStateDir, endOnSignals, writeFigures } from "./files.ts";
import { describeMachine } from "./machine.ts";

// What is written and asked for per call: counts, which no load changes. Rows are those of tables and indexes, of keys and of alarms.
//   npm run bench:cost

/** What one step cost, in all its calls together. */
interface Cost {
  readonly what: string;
  readonly calls: number;
  /** Until the last answer was there. */
  readonly answered: Spent;
  /** With what came later: a session ships its calls to its principal's home. */
  readonly inAll: Spent;
}

interface Spent {
  readonly rows: number;
  readonly objectRequests: number;
}

type Counts = Readonly<Record<Kind, Count>>;

/** A client of either era. */
interface Caller {
  call(tool: string, args: object): Promise<{ readonly isError?: boolean }>;
}

/** Longer than a session waits before it ships: after that long a silence nothing comes any more. */
const QUIET_MS = 6000;
const AT_ONCE = 4;

endOnSignals();
const stateDir = createStateDir("disk") ?? "";
const { keys, entries } = createApiKeys(4);
const worker = await startBuiltWorker({
  configPath: CONFIG,
  main: "bench/workers/cost-worker.ts",
  stateDir,
  kv: { KEYS: entries }
});
const url = `${worker.url}/mcp`;
let calls = 0;
let authorized = 0;
/** What stood there after the last silence. */
let quiet: string | undefined;

try {
  const costs: Cost[] = [];
  const add = async (what: string, count: number, run: () => Promise<unknown>) => {
    costs.push(await measure(what, count, run));
    console.log(`${what} …`);
  };

  let session = await RawSession.begin(url);
  await add("a session that calls nothing", 0, async () => {
    session = await RawSession.begin(url);
    await session.post({ jsonrpc: "2.0", method: "notifications/initialized" });
    await session.request("tools/list");
  });
  const stateless = new RawStateless(url);
  await add("the first call of a principal, stateless", 1, () => callTimes(stateless, "echo", 1));
  const homeBytes = (await readCounts()).home.sizeBytes;
  await add("the first call of a session", 1, () => callTimes(session, "echo", 1));
  const sessionBytes = (await readCounts()).session.sizeBytes;
  for (const burst of [1, 10, 50, 1000])
    await add(`reads of a session, ${burst} at a stretch`, burst, () => callTimes(session, "echo", burst));
  for (const burst of [1, 50]) await add(`reads, stateless, ${burst} at a stretch`, burst, () => callTimes(stateless, "echo", burst));
  for (const [era, caller] of [
    ["of a session", session],
    ["stateless", stateless]
  ] as const) {
    await add(`the first write, ${era}`, 1, () => callTimes(caller, "note", 1));
    await add(`writes, ${era}`, 10, () => callTimes(caller, "note", 10));
    await callTimes(caller, "note", 1, toKey); // makes the table of keys
    await add(`writes with a key, ${era}`, 10, () => callTimes(caller, "note", 10, toKey));
  }
  for (const burst of [1, 50]) {
    const limited = await RawSession.begin(url, { headers: nextAuthorization() });
    await callTimes(limited, "echo", 1);
    await add(`reads of a session, rate limited, ${burst} at a stretch`, burst, () => callTimes(limited, "echo", burst));
    const limitedStateless = new RawStateless(url, nextAuthorization());
    await callTimes(limitedStateless, "echo", 1);
    await add(`reads, stateless, rate limited, ${burst} at a stretch`, burst, () => callTimes(limitedStateless, "echo", burst));
  }

  console.log(
    `\n${toTable(costs)}\n\nBytes after its first call: ${sessionBytes} of a session's object, ${homeBytes} of a principal's home.`
  );
  writeFigures("cost.json", {
    command: "npm run bench:cost",
    date: new Date().toISOString(),
    machine: describeMachine(),
    counted:
      "rowsWritten of each cursor of SQLite, and one row for each key put and each alarm set; one request for each call through a binding and each alarm that ran",
    bytesAfterFirstCall: { session: sessionBytes, home: homeBytes },
    costs
  });
} finally {
  await worker.stop();
  rmSync(stateDir, { recursive: true, force: true });
}

async function measure(what: string, count: number, run: () => Promise<unknown>): Promise<Cost> {
  const before = await readQuietCounts();
  await run();
  const answered = toSpent(before, await readCounts());
  return { what, calls: count, answered, inAll: toSpent(before, await readQuietCounts()) };
}

async function readCounts(): Promise<Counts> {
  return (await (await fetch(`${worker.url}/counts`)).json()) as Counts;
}

/** Waits until nothing has been counted for a while, unless it has waited since. */
async function readQuietCounts(): Promise<Counts> {
  for (;;) {
    const current = await readCounts();
    const text = JSON.stringify(current);
    if (text === quiet) return current;
    await sleep(QUIET_MS);
    if (JSON.stringify(await readCounts()) === text) quiet = text;
  }
}

function toSpent(before: Counts, after: Counts): Spent {
  const rowsOf = ({ sqlRows, keys: keysPut, alarmsSet }: Count) => sqlRows + keysPut + alarmsSet;
  const requestsOf = ({ requests, alarmsRun }: Count) => requests + alarmsRun;
  const grown = (of: (count: Count) => number) => of(after.session) + of(after.home) - of(before.session) - of(before.home);
  return { rows: grown(rowsOf), objectRequests: grown(requestsOf) };
}

/** Calls a tool so many times, a few at once, each with a text of its own. */
async function callTimes(caller: Caller, tool: string, times: number, moreOf: (call: number) => object = () => ({})): Promise<void> {
  const lastCall = calls + times;
  const callOn = async () => {
    while (calls < lastCall) {
      const call = ++calls;
      const { isError } = await caller.call(tool, { text: `call ${call}`, ...moreOf(call) });
      if (isError) throw new Error(`Call ${call} of ${tool} failed.`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, times) }, callOn));
}

function toKey(call: number): object {
  return { idempotency_key: `key ${call}` };
}

function nextAuthorization(): { authorization: string } {
  return { authorization: `Bearer ${keys[authorized++]}` };
}

function toTable(costs: readonly Cost[]): string {
  const header = ["", "calls", "rows when answered", "rows in all", "object requests", "rows/call", "object requests/call"];
  const rows = costs.map(({ what, calls: count, answered, inAll }) => [
    what,
    ...[count, answered.rows, inAll.rows, inAll.objectRequests].map(String),
    ...[inAll.rows, inAll.objectRequests].map((spent) => (count > 1 ? String(rounded(spent / count, 2)) : ""))
  ]);
  return layOut([header, ...rows]);
}
