import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** The Inspector's one command, which starts its CLI and its page. */
export const INSPECTOR = join(import.meta.dirname, "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js");

/** Runs the Inspector's CLI against a server. Returns what it printed, parsed. Rejects if it exits with an error. */
export async function runInspectorCli(mcpUrl: string, home: string, ...args: string[]): Promise<unknown> {
  const options = { timeout: COMMAND_MS, env: { ...process.env, HOME: home } };
  const command = [INSPECTOR, "--cli", mcpUrl, "--transport", "http", ...args];
  return JSON.parse((await promisify(execFile)(process.execPath, command, options)).stdout);
}

const COMMAND_MS = 60_000;
