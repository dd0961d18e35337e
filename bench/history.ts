import { rmSync } from "node:fs";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { parseApiKey } from "../src/auth/api-key.ts";
import { LOCAL_BINDINGS, startBuiltWorker } from "../test/support/built-worker.ts";
import { createApiKeys } from "./api-keys.ts";
import { layOut, quantile, rounded } from "./figures.ts";
import { CONFIG, createStateDir, endOnSignals, writeFigures } from "./files.ts";
import { FIRST_ID } from "./lanes/lane.ts";
import { describeMachine, fileSystemOf } from "./machine.ts";
import { type McpSession, openMcpSession } from "./mcp-session.ts";
import { openStateless, type StatelessClient } from "./stateless-post.ts";

// How long calls take with ever more rows in a principal's history, as ratios to the shortest in the same run.
//   npm run bench:history -- [--rounds 200]

const ROWS = [10, 1000, 10_000, 100_000] as const;
const DAY_MS = 24 * 60 * 60 * 1000;
const WARM_UP_ROUNDS = 20;

/** A principal whose history has so many rows. */
interface Subject {
  readonly rows: number;
  readonly principal: string;
  readonly stateless: StatelessClient;
  readonly session: McpSession;
  /** Of calls in its history. */
  readonly handles: readonly string[];
}

/** What is timed, in the order of a round. */
const OPERATIONS: Readonly<Record<string, (subject: Subject, id: number) => Promise<unknown>>> = {
  "a stateless call": ({ stateless }, id) => stateless.call(id),
  "list_calls, the newest page": ({ stateless }) => stateless.callTool("list_calls", '{"limit":10}'),
  "get_call by handle": ({ stateless, handles }, id) => stateless.callTool("get_call", `{"call":"${handles[id % handles.length]}"}`),
  "summarize_activity of the last day": ({ stateless }) => stateless.callTool("summarize_activity", sinceDays(1)),
  "a call of a session": ({ session }, id) => session.call(id),
  "list_calls of a session, which ships first": ({ session }, id) => session.send(toSessionList(id, '"all"')),
  "list_calls of a session's own calls": ({ session }, id) => session.send(toSessionList(id, '"this"')),
  "get_usage of the last day": ({ stateless }) => stateless.callTool("get_usage", '{"days":1}'),
  "summarize_activity of 30 days, which reads every row": ({ stateless }) => stateless.callTool("summarize_activity", sinceDays(30))
};

endOnSignals();
const rounds = Number(parseArgs({ options: { rounds: { type: "string", default: "200" } } }).values.rounds);
const started = { date: new Date().toISOString(), loadAverage: rounded(loadavg()[0] ?? 0, 2) };
const stateDir = createStateDir("disk") ?? "";
const { keys, entries } = createApiKeys(ROWS.length);
const worker = await startBuiltWorker({
  configPath: CONFIG,
  main: "bench/workers/history-worker.ts",
  stateDir,
  bindings: { ...LOCAL_BINDINGS, RATE_LIMIT: "off" },
  kv: { KEYS: entries }
});
const startMs = Date.now();
let lastId = FIRST_ID;

try {
  const subjects: Subject[] = [];
  for (const [index, rows] of ROWS.entries()) subjects.push(await createSubject(rows, keys[index] ?? ""));
  await runRounds(subjects, WARM_UP_ROUNDS);
  const times = await runRounds(subjects, rounds);
  const figures = Object.keys(OPERATIONS).map((operation) => ({ operation, byRows: toFigures(times.get(operation)) }));
  console.log(`\n${toTable(figures)}`);
  writeFigures("history.json", {
    command: ["npm run bench:history", ...process.argv.slice(2)].join(" -- "),
    ...started,
    machine: describeMachine(),
    fileSystem: fileSystemOf(stateDir),
    rounds,
    figures
  });
  for (const { stateless, session } of subjects) for (const client of [stateless, session]) client.close();
} finally {
  await worker.stop();
  rmSync(stateDir, { recursive: true, force: true });
}

async function createSubject(rows: number, key: string): Promise<Subject> {
  console.log(`${rows} rows …`);
  const principal = `key:${parseApiKey(key)}`;
  await ask("fill", principal, `&calls=${rows}`);
  const port = Number(new URL(worker.url).port);
  const stateless = openStateless(port, key);
  // From the middle of the history and from its end.
  const untils = [new Date(startMs - (rows > 10 ? 15 : 0) * DAY_MS), new Date()];
  const pages = await Promise.all(untils.map((until) => listHandles(openStateless(port, key), until)));
  return { rows, principal, stateless, session: await openMcpSession(port, key), handles: pages.flat() };
}

async function listHandles(client: StatelessClient, until: Date): Promise<string[]> {
  const answer = JSON.parse(await client.callTool("list_calls", `{"limit":5,"until":"${until.toISOString()}"}`));
  client.close();
  return (answer.result.structuredContent.calls as { call: string }[]).map(({ call }) => call);
}

/** Returns operation → rows → milliseconds of each round. */
async function runRounds(subjects: readonly Subject[], count: number): Promise<Map<string, Map<number, number[]>>> {
  const times = new Map(
    Object.keys(OPERATIONS).map((operation) => [operation, new Map(ROWS.map((rows) => [rows as number, [] as number[]]))])
  );
  for (let round = 0; round < count; round++) {
    for (const { principal } of subjects) await ask("forget", principal);
    for (const [operation, run] of Object.entries(OPERATIONS)) {
      for (let turn = 0; turn < subjects.length; turn++) {
        const subject = subjects[(round + turn) % subjects.length];
        if (!subject) continue;
        const id = ++lastId;
        const beforeMs = performance.now();
        await run(subject, id);
        times
          .get(operation)
          ?.get(subject.rows)
          ?.push(performance.now() - beforeMs);
      }
    }
  }
  return times;
}

/** Asks the bench's Worker to change a principal's history. */
async function ask(what: "fill" | "forget", principal: string, more = ""): Promise<void> {
  const { status } = await fetch(`${worker.url}/${what}?principal=${encodeURIComponent(principal)}&atMs=${startMs}${more}`);
  if (status !== 204) throw new Error(`${what} was answered with ${status}.\n${worker.output()}`);
}

function sinceDays(days: number): string {
  return `{"since":"${new Date(Date.now() - days * DAY_MS).toISOString()}"}`;
}

function toSessionList(id: number, session: string): string {
  return `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"list_calls","arguments":{"session":${session},"limit":10}}}`;
}

interface Figures {
  readonly rows: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  /** Of the same with the fewest rows. */
  readonly ofFewest: { readonly median: number; readonly p95: number };
}

function toFigures(times: ReadonlyMap<number, readonly number[]> = new Map()): Figures[] {
  const fewest = times.get(ROWS[0]) ?? [];
  return [...times].map(([rows, timesMs]) => {
    const [medianMs, p95Ms] = [quantile(timesMs, 0.5), quantile(timesMs, 0.95)];
    const ofFewest = { median: rounded(medianMs / quantile(fewest, 0.5), 2), p95: rounded(p95Ms / quantile(fewest, 0.95), 2) };
    return { rows, medianMs: rounded(medianMs, 3), p95Ms: rounded(p95Ms, 3), ofFewest };
  });
}

function toTable(figures: readonly { operation: string; byRows: readonly Figures[] }[]): string {
  const header = ["", "rows", "median ms", "p95 ms", "median of fewest", "p95 of fewest"];
  const rows = figures.flatMap(({ operation, byRows }) =>
    byRows.map(({ rows: count, medianMs, p95Ms, ofFewest }) => [
      operation,
      ...[String(count), medianMs.toFixed(2), p95Ms.toFixed(2), ofFewest.median.toFixed(2), ofFewest.p95.toFixed(2)]
    ])
  );
  return layOut([header, ...rows]);
}
