import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { type Child, type RunResult, run, runInTerminal, startChild } from "./child-process.ts";
import { Failure } from "./command-line.ts";

/** The folder that holds `wrangler.toml`. */
export const PROJECT_ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Runs one wrangler command to its end and collects its output. */
export type Wrangler = (args: readonly string[], options?: { readonly input?: string }) => Promise<RunResult>;

/** Runs the wrangler of `node_modules` in the project's root, without a terminal, so that it asks nothing. */
export const runWrangler: Wrangler = (args, { input } = {}) =>
  run(process.execPath, [WRANGLER, ...args], {
    cwd: PROJECT_ROOT,
    env: QUIET,
    ...(input !== undefined && { input })
  });

/** Runs wrangler on our own terminal, so that it can ask; gives its exit code. */
export function runWranglerInTerminal(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number | null> {
  return runInTerminal(process.execPath, [WRANGLER, ...args], { cwd: PROJECT_ROOT, env: { ...QUIET, ...env } });
}

/** Starts a wrangler command that runs until it is stopped. */
export function startWrangler(args: readonly string[], env: Readonly<Record<string, string>> = {}): Child {
  return startChild(process.execPath, [WRANGLER, ...args], { cwd: PROJECT_ROOT, env: { ...QUIET, ...env } });
}

/** Says how to log in; shown when wrangler has no credentials. */
export const NOT_LOGGED_IN =
  "You are not logged in to Cloudflare. Run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN to a token that may edit Workers and KV, and try again.";

/** What a command wrote, or a {@link Failure} that says what could not be done and why. */
export function succeeded({ code, stdout, stderr }: RunResult, what: string): string {
  if (code === 0) return stdout;
  const words = stripVTControlCharacters(stderr.trim() || stdout.trim());
  if (words.includes("necessary to set a CLOUDFLARE_API_TOKEN")) throw new Failure(NOT_LOGGED_IN);
  throw new Failure(`wrangler could not ${what}:\n${words.replace(/^/gm, "  ")}`);
}

const WRANGLER = fileURLToPath(new URL("../node_modules/wrangler/bin/wrangler.js", import.meta.url));
/** The banner is what announces updates. */
const QUIET = { WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true" };
