import { rmSync } from "node:fs";
import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { LOCAL_BINDINGS, startBuiltWorker } from "../test/support/built-worker.ts";
import { RawStateless } from "../test/support/stateless.ts";
import type { Count, Kind } from "./count.ts";
import { layOut, rounded } from "./figures.ts";
import { CONFIG, createStateDir, endOnSignals, writeFigures } from "./files.ts";
import { describeMachine, fileSystemOf } from "./machine.ts";

// What runs of workflows cost: rows, alarms and requests, which no load changes, and how long they take, which it does.
//   npm run bench:runs -- [--runs 1000]

/** Runs of one kind, all of one principal. */
interface Series {
  readonly what: string;
  readonly tool: "echo" | "note";
  readonly steps: number;
  readonly runs: number;
  /** One is started when the one before has ended, instead of as fast as the server takes them. */
  readonly isOneByOne?: boolean;
}

/** What the runs of a series cost in all. */
interface Cost extends Series {
  /** From the first start until the last has ended. */
  readonly ms: number;
  readonly rows: number;
  readonly alarmsSet: number;
  readonly alarmsRun: number;
}

type Counts = Readonly<Record<Kind, Count>>;

/** Longer than home waits until it sees to runs that were at work: after that long a silence nothing comes any more. */
const QUIET_MS = 35_000;
const STARTS_AT_ONCE = 4;
const POLL_MS = 2;

endOnSignals();
const runs = Number(parseArgs({ options: { runs: { type: "string", default: "1000" } } }).values.runs);
const started = { date: new Date().toISOString(), loadAverage: rounded(loadavg()[0] ?? 0, 2) };
const stateDir = createStateDir("disk") ?? "";
const worker = await startBuiltWorker({
  configPath: CONFIG,
  main: "bench/workers/cost-worker.ts",
  stateDir,
  bindings: { ...LOCAL_BINDINGS, MAX_OPEN_RUNS: String(runs + 10) }
});
const client = new RawStateless(`${worker.url}/mcp`);
/** What stood there after the last silence. */
let quiet: string | undefined;

const SERIES: readonly Series[] = [
  { what: "one read", tool: "echo", steps: 1, runs },
  { what: "three reads", tool: "echo", steps: 3, runs },
  { what: "three writes", tool: "note", steps: 3, runs },
  { what: "three reads, one run at a time", tool: "echo", steps: 3, runs: Math.ceil(runs / 10), isOneByOne: true }
];

try {
  await measure({ what: "warming up", tool: "note", steps: 3, runs: 3 }); // makes every table
  const costs: Cost[] = [];
  for (const series of SERIES) costs.push(await measure(series));
  const rowsPerFurtherRead = toRowsPerFurtherStep(costs[0], costs[1]);
  console.log(`\n${toTable(costs)}\n\nRows that each further read adds to a run: ${rowsPerFurtherRead}.`);
  writeFigures("runs.json", {
    command: ["npm run bench:runs", ...process.argv.slice(2)].join(" -- "),
    ...started,
    machine: describeMachine(),
    fileSystem: fileSystemOf(stateDir),
    counted:
      "rowsWritten of each cursor of SQLite, and one row for each key put and each alarm set; the call that starts a run is one of its rows",
    rowsPerFurtherRead,
    costs: costs.map((cost) => ({ ...cost, ...toFigures(cost) }))
  });
} finally {
  await worker.stop();
  rmSync(stateDir, { recursive: true, force: true });
}

async function measure(series: Series): Promise<Cost> {
  console.log(`${series.what} …`);
  const before = await readQuietCounts();
  const beforeMs = performance.now();
  await runAll(series);
  const ms = performance.now() - beforeMs;
  const after = await readQuietCounts();
  const grown = (of: (count: Count) => number) => of(after.session) + of(after.home) - of(before.session) - of(before.home);
  return {
    ...series,
    ms: rounded(ms, 1),
    rows: grown(({ sqlRows, keys, alarmsSet }) => sqlRows + keys + alarmsSet),
    alarmsSet: grown(({ alarmsSet }) => alarmsSet),
    alarmsRun: grown(({ alarmsRun }) => alarmsRun)
  };
}

async function runAll({ tool, steps, runs: count, isOneByOne = false }: Series): Promise<void> {
  let left = count;
  const startOn = async () => {
    while (left > 0) {
      left--;
      await start(tool, steps);
      if (isOneByOne) await allEnded();
    }
  };
  await Promise.all(Array.from({ length: isOneByOne ? 1 : STARTS_AT_ONCE }, startOn));
  await allEnded();
}

/** Each step but the first says what the one before it said. */
async function start(tool: string, count: number): Promise<void> {
  const steps = Array.from({ length: count }, (_, step) => ({
    ...{ id: `step${step}`, kind: "tool", tool },
    arguments: { text: step === 0 ? { $ref: "/inputs/text" } : { $ref: `/steps/step${step - 1}/output/text` } }
  }));
  const definition = { name: "bench", inputs: { type: "object", properties: { text: { type: "string" } } }, steps };
  const { isError, content } = await client.call("start_workflow", { definition, inputs: { text: crypto.randomUUID() } });
  if (isError) throw new Error(`A run was not started: ${content[0]?.text}`);
}

async function allEnded(): Promise<void> {
  while ((await (await fetch(`${worker.url}/open-runs`)).json()) !== 0) await sleep(POLL_MS);
}

async function readCounts(): Promise<Counts> {
  return (await (await fetch(`${worker.url}/counts`)).json()) as Counts;
}

/** Waits until nothing has been counted for a while, unless it has waited since. */
async function readQuietCounts(): Promise<Counts> {
  for (;;) {
    const counts = await readCounts();
    const text = JSON.stringify(counts);
    if (text === quiet) return counts;
    await sleep(QUIET_MS);
    if (JSON.stringify(await readCounts()) === text) quiet = text;
  }
}

function toFigures({ ms, rows, alarmsSet, alarmsRun, runs: count, steps }: Cost) {
  return {
    msPerStep: rounded(ms / count / steps, 2),
    rowsPerRun: rounded(rows / count, 2),
    rowsPerStep: rounded(rows / count / steps, 2),
    alarmsSetPerRun: rounded(alarmsSet / count, 3),
    alarmsRunPerRun: rounded(alarmsRun / count, 3)
  };
}

/** What a step costs beside what its run costs anyway. */
function toRowsPerFurtherStep(fewer: Cost | undefined, more: Cost | undefined): number {
  if (!fewer || !more) return Number.NaN;
  return rounded((more.rows - fewer.rows) / (more.steps - fewer.steps) / more.runs, 2);
}

function toTable(costs: readonly Cost[]): string {
  const header = ["", "runs", "steps", "ms/step", "rows/run", "rows/step", "alarms set/run", "alarms run/run"];
  return layOut([header, ...costs.map((cost) => [cost.what, ...[cost.runs, cost.steps, ...Object.values(toFigures(cost))].map(String)])]);
}
