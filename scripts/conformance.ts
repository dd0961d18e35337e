import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";
import { LOCAL_BINDINGS, startBuiltWorker } from "../test/support/built-worker.ts";
import { Failure, parseCommandLine, runScript, UsageError } from "./command-line.ts";
import { PROJECT_ROOT } from "./wrangler.ts";

/** Scenarios that the referee runs together. */
interface CheckSet {
  readonly name: string;
  /** What the referee is told beside the address. */
  readonly args: readonly string[];
  /** How many scored checks it must come to: a scenario that finds nothing to look at ends early and complains of nothing. */
  readonly checks: number;
}

/** What must pass. The scenarios that stand alone are those that their revision runs without scoring them. */
const SETS: readonly CheckSet[] = [
  requirements("2025-11-25", 69),
  scenario("json-schema-2020-12", "2025-11-25", 8),
  scenario("server-sse-polling", "2025-11-25", 3),
  scenario("server-session-lifecycle", "2025-11-25", 3),
  requirements("2026-07-28", 120),
  scenario("json-schema-2020-12", "2026-07-28", 8),
  scenario("http-header-validation", "2026-07-28", 14),
  scenario("http-custom-header-server-validation", "2026-07-28", 10)
];

function requirements(revision: string, checks: number): CheckSet {
  return { name: `requirements ${revision}`, args: ["--requirements", revision], checks };
}

function scenario(name: string, revision: string, checks: number): CheckSet {
  return { name: `${name} ${revision}`, args: ["--scenario", name, "--spec-version", revision], checks };
}

const HELP = `Lets the protocol's own conformance suite judge the built Worker of test/conformance.

Usage: npm run conformance -- [sets]

${SETS.map(({ name }) => `  "${name}"`).join("\n")}

Without names all of them run; a name without its revision stands for each. A warning of the suite counts as a failure. What a
revision does not score, such as extensions, is listed apart and fails nothing.`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine(args, { help: { type: "boolean", default: false } });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const sets = positionals.length > 0 ? positionals.flatMap(setsOf) : SETS;
  const interrupted = abortOnSignal();
  const folder = await mkdtemp(join(tmpdir(), "dormouse-conformance-"));
  try {
    const worker = await startBuiltWorker({ ...WORKER, stateDir: join(folder, "state") });
    try {
      let failed = 0;
      for (const [i, set] of sets.entries()) {
        const { scored, unscored } = await judge(set, `${worker.url}/mcp`, join(folder, `results-${i}`), interrupted);
        print(set.name, scored);
        if (unscored.passed + unscored.faults.length > 0) print(`${set.name}, not scored`, unscored);
        failed += scored.faults.length;
      }
      if (failed > 0 && worker.output()) console.log(`\nWhat the Worker printed:\n${worker.output()}`);
      return failed === 0 ? 0 : 1;
    } finally {
      await worker.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function print(what: string, { passed, faults }: Verdict): void {
  console.log([`${what}: ${passed} passed, ${faults.length} failed`, ...faults].join("\n  "));
}

const WORKER = {
  configPath: "test/conformance/wrangler.toml",
  main: "test/conformance/worker.ts",
  bindings: { ...LOCAL_BINDINGS, LOCAL_SCOPES: "all" }
} as const;

/** A name without its revision means every revision. */
function setsOf(name: string): readonly CheckSet[] {
  const found = SETS.filter((set) => set.name === name || set.name.startsWith(`${name} `));
  if (found.length > 0) return found;
  throw new UsageError(`There is no set "${name}", but ${SETS.map((known) => `"${known.name}"`).join(", ")}.`);
}

/** The first signal ends the referee, and the Worker is stopped in order. */
function abortOnSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

interface Verdict {
  readonly passed: number;
  /** A line for each check that failed. */
  readonly faults: readonly string[];
}

/** Runs one set. The counts come from the referee's own results, not from its exit code, which forgives warnings. */
async function judge({ args, checks }: CheckSet, url: string, folder: string, interrupted: AbortSignal): Promise<Judgement> {
  const { code, printed } = await runReferee(["server", "--url", url, ...args, "--output-dir", folder], interrupted);
  const lines = stripVTControlCharacters(printed);
  const unscored = readUnscored(lines);
  const results = await readResults(folder);
  const scored = toVerdict(results.filter(({ scenario }) => !unscored.has(scenario)));
  return {
    scored: { ...scored, faults: scored.faults.length > 0 ? scored.faults : faultsOfRun(scored.passed, checks, code, lines) },
    unscored: toVerdict(results.filter(({ scenario }) => unscored.has(scenario)))
  };
}

interface Judgement {
  readonly scored: Verdict;
  /** What a revision runs for visibility, such as extensions: printed, and fails nothing. */
  readonly unscored: Verdict;
}

function toVerdict(results: readonly Check[]): Verdict {
  const faults: string[] = [];
  let passed = 0;
  for (const { scenario, id, status, description, errorMessage } of results) {
    if (status === "SUCCESS") passed++;
    else if (status === "FAILURE" || status === "WARNING") faults.push(`${scenario} ${id}: ${errorMessage ?? description}`);
  }
  return { passed, faults };
}

/** What is wrong with a run of which no check failed. */
function faultsOfRun(passed: number, checks: number, code: unknown, lines: string): readonly string[] {
  const shown = lines.slice(-MAX_SHOWN);
  if (passed < checks) return [`${checks} checks were to pass. The referee printed:\n${shown}`];
  return code === 0 ? [] : [`The referee ended with exit code ${code}. It printed:\n${shown}`];
}

/** The scenarios that the referee itself lists as not scored: `  ✗ tasks-lifecycle (extension)`, below a heading of their own. */
function readUnscored(lines: string): ReadonlySet<string> {
  const [, list = ""] = lines.split(/^Not scored for .*$/m);
  return new Set([...list.matchAll(/^ {2}[✓✗] (\S+) \(.+\)$/gm)].map(([, name = ""]) => name));
}

const MAX_SHOWN = 4000;

/** https://github.com/modelcontextprotocol/conformance: its command line is its public interface. */
const REFEREE = join(PROJECT_ROOT, "node_modules/@modelcontextprotocol/conformance/dist/index.js");

/** Every scenario has 30 s of its own. */
const LIMIT_MS = 20 * 60_000;

async function runReferee(args: readonly string[], interrupted: AbortSignal): Promise<{ code: unknown; printed: string }> {
  const options = { signal: interrupted, timeout: LIMIT_MS, maxBuffer: 256 * 1024 * 1024 };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [REFEREE, ...args], options);
    return { code: 0, printed: `${stdout}${stderr}` };
  } catch (cause) {
    if (interrupted.aborted) throw new Failure("Interrupted.", 130);
    const { code, stdout = "", stderr = "" } = cause as { code?: unknown; stdout?: string; stderr?: string }; // as execFile rejects
    return { code, printed: `${stdout}${stderr}` };
  }
}

/** A check as the referee writes it into `<set>/server-<scenario>-<time>/checks.json`; others than these are notes. */
interface Check {
  readonly scenario: string;
  readonly id: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  readonly description: string;
  readonly errorMessage?: string;
}

async function readResults(folder: string): Promise<readonly Check[]> {
  const scenarios = await readdir(folder).catch(() => []);
  const results = await Promise.all(
    scenarios.map(async (name): Promise<readonly Check[]> => {
      const path = join(folder, name, "checks.json");
      const scenario = name.replace(/^server-|-\d{4}-\d\d-\d\dT.*$/g, "");
      // The folder is made first, so one without results is of a scenario that broke off.
      if (!existsSync(path)) return [{ scenario, id: "run", status: "FAILURE", description: "The scenario broke off." }];
      return (JSON.parse(await readFile(path, "utf8")) as Omit<Check, "scenario">[]).map((check) => ({ ...check, scenario }));
    })
  );
  return results.flat();
}

await runScript(main);
