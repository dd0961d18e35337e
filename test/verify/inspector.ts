import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { getDefaultEnvironment, StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { npmStart } from "./npm-start.ts";
import { type Expect, runCheck } from "./run-check.ts";

// What the README tells a reader to do: `npm start`, then the Inspector's CLI, and a stdio client behind mcp-remote.

const INSPECTOR = join(import.meta.dirname, "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js");
const MCP_REMOTE = join(import.meta.dirname, "node_modules/mcp-remote/dist/proxy.js");
const COMMAND_MS = 60_000;

const SEARCH = { name: "search_repositories", arguments: { query: "queue", limit: 5 } };
const SERVED = ["search_repositories", "get_repository", "get_weather", "long_operation", "list_calls", "get_call"];

async function servesClientsOfOthers(expect: Expect): Promise<void> {
  // Both programs keep files in the home directory.
  const home = await mkdtemp(join(tmpdir(), "dormouse-home-"));
  try {
    const server = await npmStart();
    try {
      await inspect(expect, server.mcpUrl, home);
      await bridge(expect, server.mcpUrl, home);
    } finally {
      const { ended, left } = await server.terminate();
      expect("SIGTERM ends npm start and all that it started", ended.includes("workerd") && left.length === 0, { ended, left });
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function inspect(expect: Expect, mcpUrl: string, home: string): Promise<void> {
  const run = async (...args: string[]): Promise<unknown> => {
    const options = { timeout: COMMAND_MS, env: { ...process.env, HOME: home } };
    const command = [INSPECTOR, "--cli", mcpUrl, "--transport", "http", ...args];
    return JSON.parse((await promisify(execFile)(process.execPath, command, options)).stdout);
  };
  const names = namesOf(await run("--method", "tools/list"));
  expect("Inspector: lists the tools", hasAll(names), names);
  const args = Object.entries(SEARCH.arguments).flatMap(([name, value]) => ["--tool-arg", `${name}=${value}`]);
  expectBurrow(expect, "Inspector", await run("--method", "tools/call", "--tool-name", SEARCH.name, ...args));
}

async function bridge(expect: Expect, mcpUrl: string, home: string): Promise<void> {
  const client = new Client({ name: "verify", version: "1" });
  const env = { ...getDefaultEnvironment(), HOME: home };
  const args = [MCP_REMOTE, mcpUrl, "--transport", "http-only", "--allow-http"];
  await client.connect(new StdioClientTransport({ command: process.execPath, args, env, stderr: "ignore" }));
  try {
    const names = namesOf(await client.listTools());
    expect("mcp-remote: lists the tools", hasAll(names), names);
    expectBurrow(expect, "mcp-remote", await client.callTool(SEARCH));
    const steps: number[] = [];
    await client.callTool({ name: "long_operation", arguments: { steps: 4, delayMs: 50 } }, undefined, {
      onprogress: ({ progress }) => void steps.push(progress)
    });
    expect("mcp-remote: hands progress on", steps.join() === "1,2,3,4", steps);
  } finally {
    await client.close();
  }
}

function expectBurrow(expect: Expect, what: string, result: unknown): void {
  const { structuredContent, content } = result as {
    structuredContent?: { repositories?: { fullName: string; stars: number }[] };
    content?: unknown;
  };
  const [found] = structuredContent?.repositories ?? [];
  expect(
    `${what}: a search finds hazel-works/burrow and its stars`,
    found?.fullName === "hazel-works/burrow" && found.stars === 12_438,
    content
  );
}

const namesOf = (list: unknown): string[] => (list as { tools: { name: string }[] }).tools.map(({ name }) => name);

const hasAll = (names: readonly string[]): boolean => SERVED.every((name) => names.includes(name));

await runCheck(servesClientsOfOthers);
