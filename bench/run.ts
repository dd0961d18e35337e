import { rmSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { type BuiltWorker, buildWorker, startBuiltWorker } from "../test/support/built-worker.ts";
import { CONFIG, createStateDir, endOnSignals, writeFigures } from "./files.ts";
import { describeMachine, fileSystemOf } from "./machine.ts";
import { measureRounds, type RunningLane } from "./measure.ts";
import { type BenchOptions, HELP, parseOptions, type Storage, UsageError } from "./options.ts";
import { type Cell, findWorst, toCell, toSummary, toTable } from "./report.ts";

endOnSignals();

try {
  const options = parseOptions(process.argv.slice(2));
  if (options) await bench(options);
  else process.stdout.write(HELP);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${HELP}`);
  process.exitCode = 2;
}

async function bench(options: BenchOptions): Promise<void> {
  const started = { date: new Date().toISOString(), loadAverage: Number((loadavg()[0] ?? 0).toFixed(2)) };
  console.log(`Building ${options.lanes.map(({ name }) => name).join(", ")} …`);
  await Promise.all(options.lanes.map(({ main }) => buildWorker(CONFIG, main)));
  const cells: Cell[] = [];
  for (const storage of options.storages) cells.push(...(await measureStorage(storage, options)));
  const worst = findWorst(cells);
  console.log(`\n${toTable(cells)}\n\n${toSummary(worst)}`);
  writeFigures("results.json", {
    command: ["npm run bench --", ...process.argv.slice(2)].join(" "),
    ...started,
    machine: describeMachine(),
    rounds: options.rounds,
    seconds: options.seconds,
    lanes: Object.fromEntries(options.lanes.map(({ name, about }) => [name, about])),
    worst,
    cells
  });
}

/** Runs every lane on one storage, at each number of connections. */
async function measureStorage(storage: Storage, { lanes, connections, rounds, seconds }: BenchOptions): Promise<Cell[]> {
  const stateDir = createStateDir(storage);
  if (stateDir === undefined) {
    console.log(`There is no ${storage} here; skipped.`);
    return [];
  }
  const fileSystem = fileSystemOf(stateDir);
  if (storage === "disk" && fileSystem === "tmpfs") console.log("The checkout is on a tmpfs: these are no figures of a disk.");
  const workers: BuiltWorker[] = [];
  try {
    const running: RunningLane[] = [];
    for (const lane of lanes) {
      const worker = await startBuiltWorker({ configPath: CONFIG, main: lane.main, stateDir: join(stateDir, lane.name), ...lane.start });
      workers.push(worker);
      running.push({ lane, pid: worker.pid, port: Number(new URL(worker.url).port) });
    }
    const cells: Cell[] = [];
    for (const count of connections) {
      console.log(`${storage} (${fileSystem}), ${count} connection${count === 1 ? "" : "s"} …`);
      const samples = await measureRounds(running, count, { rounds, seconds });
      const measured = lanes.map((lane, index) => ({ lane, rounds: samples[index] ?? [] }));
      cells.push(toCell({ storage, fileSystem, connections: count }, measured));
    }
    return cells;
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
    rmSync(stateDir, { recursive: true, force: true });
  }
}
