import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Child, runInTerminal, startChild } from "./child-process.ts";
import { Failure, parseCommandLine, runScript, UsageError } from "./command-line.ts";
import { PROJECT_ROOT } from "./wrangler.ts";

/** What a check needs beside the project's own packages. */
type Need = "packages" | "chromium";

interface Check {
  /** Of its file in `test/verify`, without `.ts`. */
  readonly name: string;
  readonly about: string;
  readonly limitMinutes: number;
  readonly needs?: readonly Need[];
}

const CHECKS: readonly Check[] = [
  { name: "kill", about: "kill -9 of workerd under load loses no acknowledged call", limitMinutes: 6 },
  { name: "shipping", about: "kill -9 loses no call on its way to a person's history, and sends no keyed write twice", limitMinutes: 8 },
  { name: "runs", about: "kill -9 loses no run and doubles no write of one, and runs that wait cost nothing", limitMinutes: 8 },
  { name: "eviction", about: "an idle object is evicted and its session goes on", limitMinutes: 2 },
  { name: "limits", about: "no window holds more calls than the rate limit, across sessions and both eras", limitMinutes: 3 },
  { name: "storage", about: "sessions that call nothing store nothing, and wrong ids make no object", limitMinutes: 3 },
  { name: "slow-reader", about: "clients that read nothing hold no memory without bound", limitMinutes: 3 },
  { name: "results", about: "results of 60 MiB are written, read and downloaded in both eras, and never held whole", limitMinutes: 8 },
  { name: "logs", about: "a million log events are analysed in constant memory, and counted right", limitMinutes: 8 },
  { name: "detached", about: "a long analysis whose client has gone is found complete, or it is said why not", limitMinutes: 4 },
  { name: "sockets", about: "silent sockets let their objects sleep, and many on one session mix nothing up", limitMinutes: 4 },
  { name: "key-mode", about: "the built Worker, not local, serves API keys only", limitMinutes: 3 },
  { name: "conformance", about: "the protocol's own suite judges the built Worker", limitMinutes: 4 },
  { name: "authorization", about: "the protocol's own suite judges the built Worker's authorization server", limitMinutes: 3 },
  { name: "inspector", about: "npm start serves the Inspector's CLI and mcp-remote", limitMinutes: 4, needs: ["packages"] },
  { name: "browser", about: "the Inspector's page in Chromium", limitMinutes: 4, needs: ["packages", "chromium"] },
  {
    name: "oauth",
    about: "people sign in with GitHub in Chromium, and nobody signs in for them",
    limitMinutes: 5,
    needs: ["packages", "chromium"]
  },
  {
    name: "clients",
    about: "programs that others wrote, against one running server: progress, questions, cancellation",
    limitMinutes: 4,
    needs: ["packages", "chromium"]
  }
];

const HELP = `Checks what the tests cannot: the built Worker in a process that is killed, and programs that others wrote.

Usage: npm run verify -- [checks]

${CHECKS.map(({ name, about }) => `  ${name.padEnd(13)} ${about}`).join("\n")}

Without names all of them run. The first that needs them installs the packages of test/verify, and Chromium with apt-get.`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine(args, { help: { type: "boolean", default: false } });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const checks = positionals.length > 0 ? positionals.map(checkOf) : CHECKS;
  const outcomes: string[] = [];
  let failed = 0;
  for (const check of checks) {
    console.log(`\n== ${check.name}: ${check.about}`);
    const startedMs = Date.now();
    const fault = await faultOf(check);
    if (fault !== undefined) failed++;
    outcomes.push(`${fault === undefined ? "passed" : "FAILED"}  ${check.name}, ${inSeconds(startedMs)}${fault ? `: ${fault}` : ""}`);
  }
  console.log(`\n${outcomes.join("\n")}\n${checks.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function checkOf(name: string): Check {
  const check = CHECKS.find((candidate) => candidate.name === name);
  if (check) return check;
  throw new UsageError(`There is no check '${name}', but ${CHECKS.map((known) => known.name).join(", ")}.`);
}

/** Runs one check; `undefined` if it passed. */
async function faultOf({ name, limitMinutes, needs = [] }: Check): Promise<string | undefined> {
  try {
    for (const need of needs) await PROVIDE[need]();
  } catch (cause) {
    if (cause instanceof Failure) return cause.message;
    throw cause;
  }
  const child = startChild(process.execPath, [join(CHECKS_FOLDER, `${name}.ts`)], { cwd: PROJECT_ROOT });
  const release = stopWithUs(child);
  const isOver = new AbortController();
  const limit = sleep(limitMinutes * 60_000, "limit" as const, { signal: isOver.signal }).catch(() => "limit" as const);
  const code = await Promise.race([child.ended, limit]);
  isOver.abort();
  await child.stop(GRACE_MS);
  release();
  if (code === "limit") return `it took longer than ${limitMinutes} minutes`;
  return code === 0 ? undefined : "see its lines above";
}

const CHECKS_FOLDER = join(PROJECT_ROOT, "test/verify");
/** `npm start` itself waits five seconds for its own children. */
const GRACE_MS = 10_000;

/** A Ctrl-C ends what the check has started, too. Returns what takes this back. */
function stopWithUs(child: Child): () => void {
  const onSignal = () => void child.stop(GRACE_MS).then(() => process.exit(130));
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.once(signal, onSignal);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
}

const PROVIDE: Readonly<Record<Need, () => Promise<void>>> = {
  async packages() {
    const lock = join(CHECKS_FOLDER, "package-lock.json");
    const installed = join(CHECKS_FOLDER, "node_modules/.package-lock.json");
    if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
    const code = await runInTerminal("npm", ["ci", "--prefix", CHECKS_FOLDER, "--ignore-scripts", "--no-audit", "--no-fund"]);
    if (code !== 0) throw new Failure("the packages of test/verify could not be installed");
  },

  async chromium() {
    if (existsSync(process.env.CHROMIUM_PATH ?? "/usr/bin/chromium")) return;
    const byHand = "install Chromium and name it in CHROMIUM_PATH";
    if (process.env.CHROMIUM_PATH) throw new Failure(`CHROMIUM_PATH names a file that is not there: ${byHand}`);
    if (!existsSync("/usr/bin/apt-get")) throw new Failure(`this machine has no apt-get: ${byHand}`);
    await runInTerminal("apt-get", ["update"]);
    const code = await runInTerminal("apt-get", ["install", "-y", "--no-install-recommends", "chromium"]);
    if (code !== 0) throw new Failure(`apt-get could not install Chromium, perhaps for want of rights: ${byHand}`);
  }
};

const inSeconds = (startedMs: number): string => `${Math.round((Date.now() - startedMs) / 1000)} s`;

await runScript(main);
