import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { startFixture } from "./fixture-worker.ts";
import { runInspectorCli } from "./inspector-cli.ts";
import { expectInspectorForm } from "./inspector-form.ts";
import { startInspectorPage } from "./inspector-page.ts";
import { createMcpRemote } from "./mcp-remote.ts";
import { type Expect, runCheck } from "./run-check.ts";
import { expectSdkClient } from "./sdk-client.ts";

// Four programs that others wrote, against one running server whose tools report progress, ask and can be cancelled. The
// Inspector's CLI is the least of them: it declares no elicitation, shows no progress, and when it is interrupted it leaves
// without a word, so it has nothing to cancel with.

async function servesFourPrograms(expect: Expect): Promise<void> {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-clients-"));
  // The Inspector and mcp-remote keep files in the home directory.
  const home = await mkdtemp(join(tmpdir(), "dormouse-home-"));
  const worker = await startFixture("writes-worker.ts", stateDir);
  const mcpUrl = `${worker.url}/mcp`;
  try {
    await expectSdkClient(expect, "SDK v1", new StreamableHTTPClientTransport(new URL(mcpUrl)));
    await expectSdkClient(expect, "mcp-remote", createMcpRemote(mcpUrl, home));
    await expectInspectorCli(expect, mcpUrl, home);
    const inspector = await startInspectorPage(mcpUrl, home);
    try {
      await expectInspectorForm(expect, await inspector.open());
    } finally {
      await inspector.close();
    }
  } finally {
    await worker.stop();
    for (const folder of [stateDir, home]) await rm(folder, { recursive: true, force: true });
  }
}

async function expectInspectorCli(expect: Expect, mcpUrl: string, home: string): Promise<void> {
  const { tools } = (await runInspectorCli(mcpUrl, home, "--method", "tools/list")) as { tools: { name: string }[] };
  const names = new Set(tools.map(({ name }) => name));
  const isWhole =
    tools.length === names.size && ["echo_detachable", "ask_name", "numbered_0", "numbered_249"].every((name) => names.has(name));
  expect("Inspector's CLI: lists the tools of all pages, each once", isWhole, tools.length);

  const call = ["--method", "tools/call", "--tool-name", "echo_detachable", "--tool-arg", "text=slowly", "steps=4", "delayMs=50"];
  // It asks for progress only if it is told to, which turns the answer into the last event of a stream.
  const answer = await runInspectorCli(mcpUrl, home, ...call, "--tool-metadata", "progressToken=verify");
  const { structuredContent } = answer as { structuredContent?: { text?: string } };
  expect("Inspector's CLI: finds the answer behind the progress of a slow call", structuredContent?.text === "slowly", answer);

  const failure = await runInspectorCli(mcpUrl, home, "--method", "tools/call", "--tool-name", "ask_name").catch((error: unknown) => error);
  const { code, stdout } = failure as { code?: number; stdout?: string };
  expect("Inspector's CLI: is told what it lacks for a question", code === 5 && stdout?.includes("elicitation (forms)") === true, {
    code,
    stdout
  });
}

await runCheck(servesFourPrograms);
