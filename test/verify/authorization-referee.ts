import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PROJECT_ROOT } from "../../scripts/wrangler.ts";

/** One check, as the suite writes it into `<folder>/authorization-server-<scenario>-<time>/checks.json`. */
export interface RefereeCheck {
  readonly id: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  readonly errorMessage?: string;
}

/** What the suite is run with. */
export interface RefereeRun {
  readonly args: readonly string[];
  /** Where it leaves its results. */
  readonly folder: string;
  /** How the address begins that it prints for a person. */
  readonly startsWith: string;
  /** Does in a browser what the person would. */
  visit(address: string): Promise<unknown>;
}

/** Runs the suite for authorization servers. Its results count, not its exit code, which forgives warnings. */
export async function judgeAuthorization({ args, folder, startsWith, visit }: RefereeRun): Promise<readonly RefereeCheck[]> {
  const child = spawn(process.execPath, [REFEREE, "authorization", ...args, "--output-dir", folder], {
    stdio: ["ignore", "pipe", "inherit"]
  });
  const ended = once(child, "exit");
  try {
    const lines: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      lines.push(line);
      if (line.startsWith(startsWith)) await visit(line);
    }
    await ended;
    const checks = await readChecks(folder);
    if (checks.length === 0) throw new Error(`The suite left no results. It printed:\n${lines.join("\n")}`);
    return checks;
  } finally {
    child.kill(); // it waits for five minutes if the visit failed
  }
}

/** https://github.com/modelcontextprotocol/conformance: its command line is its public interface. */
const REFEREE = join(PROJECT_ROOT, "node_modules/@modelcontextprotocol/conformance/dist/index.js");

async function readChecks(folder: string): Promise<readonly RefereeCheck[]> {
  const scenarios = await readdir(folder).catch(() => []);
  const texts = await Promise.all(scenarios.map((name) => readFile(join(folder, name, "checks.json"), "utf8")));
  return texts.flatMap((text) => JSON.parse(text) as RefereeCheck[]);
}
