import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import type { HostOptions, HostReady } from "./workerd-host.ts";

/** How a Worker is built and started. Paths are relative to the root of the repository. */
export interface BuiltWorkerOptions {
  /** The wrangler configuration; `wrangler.toml` if absent. */
  readonly configPath?: string;
  /** An entry of its own instead of the configuration's `main`. */
  readonly main?: string;
  /** Where objects and KV are stored. A Worker that starts on the directory of another finds its objects. */
  readonly stateDir: string;
  /** Text variables and secrets, beside the configuration's `vars`; {@link LOCAL_BINDINGS} if absent. No `.env` is read. */
  readonly bindings?: Readonly<Record<string, string>>;
  /** What to put into KV namespaces before the Worker is handed out: binding → key → value. */
  readonly kv?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What the Internet holds for this Worker: the addresses of documents, and their JSON. It has no other, but 127.0.0.1; the real one if absent. */
  readonly documents?: Readonly<Record<string, unknown>>;
  /** The port on 127.0.0.1; a free one if absent. */
  readonly port?: number;
  /** The port of workerd's inspector; none if absent. */
  readonly inspectorPort?: number;
}

/** A Worker that runs in a workerd of its own. */
export interface BuiltWorker {
  /** `http://127.0.0.1:<port>`, without a slash. Any Host header reaches the Worker as it was sent. */
  readonly url: string;
  /** The process that runs the Worker and owns its storage. */
  readonly pid: number;
  /** Sends a signal to workerd and waits until it is gone; nothing starts it again. */
  kill(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** Ends everything. Harmless after {@link BuiltWorker.kill}. */
  stop(): Promise<void>;
  /** The end of what the Worker and its runtime printed. */
  output(): string;
}

/** Local mode: loopback Hosts only, no credentials. */
export const LOCAL_BINDINGS = { DORMOUSE_LOCAL: "1", DORMOUSE_SECRET: "local-only-this-secret-is-public" } as const;

/** The mode of a deployment: any Host, credentials needed. The secret is one that a test may know. */
export const DEPLOYED_BINDINGS = { DORMOUSE_SECRET: "test-secret-of-a-deployed-server-0123456789abcdef" } as const;

/** Builds a Worker if this process has not yet, and starts it in workerd. Its children end with this process. */
export async function startBuiltWorker(options: BuiltWorkerOptions): Promise<BuiltWorker> {
  const { configPath = "wrangler.toml", main, bindings = LOCAL_BINDINGS, kv = {}, documents, port = 0, inspectorPort } = options;
  const bundlePath = await buildWorker(configPath, main);
  const stateDir = resolve(ROOT, options.stateDir);
  mkdirSync(stateDir, { recursive: true });
  return startHost({ configPath: resolve(ROOT, configPath), bundlePath, stateDir, port, inspectorPort, bindings, kv, documents });
}

/** Builds a Worker as `npm run deploy` would, once per process. Returns the path of the bundle. */
export function buildWorker(configPath = "wrangler.toml", main?: string): Promise<string> {
  const key = `${configPath} ${main ?? ""}`;
  const known = bundles.get(key) ?? bundle(resolve(ROOT, configPath), main && resolve(ROOT, main));
  bundles.set(key, known);
  return known;
}

const ROOT = resolve(import.meta.dirname, "../..");
const WRANGLER = join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");
const MAX_OUTPUT = 64 * 1024;

const bundles = new Map<string, Promise<string>>();
const run = promisify(execFile);

async function bundle(configPath: string, main: string | undefined): Promise<string> {
  const outdir = mkdtempSync(join(tmpdir(), "dormouse-built-"));
  process.once("exit", () => rmSync(outdir, { recursive: true, force: true }));
  const args = ["deploy", ...(main ? [main] : []), "--config", configPath, "--dry-run", "--minify", "--outdir", outdir];
  await run(process.execPath, [WRANGLER, ...args], { cwd: ROOT, env: { ...process.env, WRANGLER_SEND_METRICS: "false" } });
  const name = main ? main.replace(/^.*[\\/]/, "").replace(/\.\w+$/, ".js") : "index.js";
  return join(outdir, name);
}

async function startHost(options: HostOptions): Promise<BuiltWorker> {
  const host = fork(join(import.meta.dirname, "workerd-host.ts"), [JSON.stringify(options)], { silent: true, execArgv: [] });
  let printed = "";
  for (const stream of [host.stdout, host.stderr]) {
    stream?.on("data", (chunk) => {
      printed = `${printed}${chunk}`.slice(-MAX_OUTPUT);
    });
  }
  const exited = once(host, "exit");
  const ready = await Promise.race([once(host, "message").then(([message]) => message as HostReady), exited.then(() => undefined)]);
  if (!ready) throw new Error(`The Worker did not start.\n${printed}`);
  return {
    ...ready,
    async kill(signal) {
      if (host.exitCode === null && host.signalCode === null) process.kill(ready.pid, signal);
      await exited;
    },
    async stop() {
      if (host.connected) host.disconnect();
      await exited;
    },
    output: () => printed
  };
}
