import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client as StatelessClient, StreamableHTTPClientTransport as StatelessTransport } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { REVISION } from "../support/stateless.ts";
import { runInspectorCli } from "./inspector-cli.ts";
import { createMcpRemote } from "./mcp-remote.ts";
import { npmStart } from "./npm-start.ts";
import { collectSteps } from "./progress-steps.ts";
import { type Expect, runCheck } from "./run-check.ts";

// What the README tells a reader to do: `npm start`, then the Inspector's CLI, and a stdio client behind mcp-remote.

const SEARCH = { name: "search_repositories", arguments: { query: "queue", limit: 5 } };
const SERVED = ["search_repositories", "get_repository", "get_weather", "long_operation", "list_calls", "get_call", "cancel_call"].concat([
  "summarize_activity",
  "export_calls",
  "delete_calls",
  "list_sessions",
  "end_session",
  "get_usage"
]);

async function servesClientsOfOthers(expect: Expect): Promise<void> {
  // Both programs keep files in the home directory.
  const home = await mkdtemp(join(tmpdir(), "dormouse-home-"));
  try {
    const server = await npmStart();
    try {
      // One server at one time: the Inspector with a session and without one, then SDK v1 behind mcp-remote, and SDK v2.
      await inspect(expect, "Inspector", server.mcpUrl, home);
      await inspect(expect, "Inspector, stateless", server.mcpUrl, home, "--protocol-era", "modern");
      await callStateless(expect, server.mcpUrl);
      await bridge(expect, server.mcpUrl, home);
    } finally {
      const { ended, left } = await server.terminate();
      expect("SIGTERM ends npm start and all that it started", ended.includes("workerd") && left.length === 0, { ended, left });
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function inspect(expect: Expect, what: string, mcpUrl: string, home: string, ...era: string[]): Promise<void> {
  const run = (...args: string[]) => runInspectorCli(mcpUrl, home, ...era, ...args);
  const names = namesOf(await run("--method", "tools/list"));
  expect(`${what}: lists the tools`, hasAll(names), names);
  const args = Object.entries(SEARCH.arguments).flatMap(([name, value]) => ["--tool-arg", `${name}=${value}`]);
  expectBurrow(expect, what, await run("--method", "tools/call", "--tool-name", SEARCH.name, ...args));
}

async function callStateless(expect: Expect, mcpUrl: string): Promise<void> {
  const client = new StatelessClient({ name: "verify", version: "1" }, { versionNegotiation: { mode: { pin: REVISION } } });
  await client.connect(new StatelessTransport(new URL(mcpUrl)));
  try {
    const names = namesOf(await client.listTools());
    expect("SDK v2: lists the tools", hasAll(names), names);
    expectBurrow(expect, "SDK v2", await client.callTool(SEARCH));
    const listed = await client.callTool({ name: "summarize_activity", arguments: {} });
    const { total } = listed.structuredContent as { total: { calls: number } }; // its output schema
    expect("SDK v2: the history has what came by it and by the Inspector without a session", total.calls >= 2, total);
  } finally {
    await client.close();
  }
}

async function bridge(expect: Expect, mcpUrl: string, home: string): Promise<void> {
  const client = new Client({ name: "verify", version: "1" });
  const transport = createMcpRemote(mcpUrl, home);
  const steps = collectSteps(transport);
  await client.connect(transport);
  try {
    const names = namesOf(await client.listTools());
    expect("mcp-remote: lists the tools", hasAll(names), names);
    expectBurrow(expect, "mcp-remote", await client.callTool(SEARCH));
    // With `onprogress`, so that the client asks for it.
    await client.callTool({ name: "long_operation", arguments: { steps: 4, delayMs: 50 } }, undefined, { onprogress() {} });
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
