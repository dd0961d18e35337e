import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BuiltWorker, LOCAL_BINDINGS, startBuiltWorker } from "../support/built-worker.ts";
import { type GitHubStub, startGitHubStub } from "../support/github-stub.ts";
import { messagesOf, RawSession, type Received, readMessages, type ToolAnswer } from "../support/session.ts";
import { RawStateless } from "../support/stateless.ts";

// Calls of the fixture detach after half a second; an object runs three of them at a time.

let stateDir: string;
let stub: GitHubStub;
let server: BuiltWorker;
let url: string;
let stateless: RawStateless;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "dormouse-stopping-"));
  stub = await startGitHubStub();
  server = await startBuiltWorker({
    ...{ configPath: "test/fixtures/wrangler.toml", main: "test/fixtures/detaching-worker.ts", stateDir },
    bindings: { ...LOCAL_BINDINGS, LOCAL_SCOPES: "all", RATE_LIMIT: "off", GITHUB_API_URL: stub.url }
  });
  url = `${server.url}/mcp`;
  stateless = new RawStateless(url);
});
afterAll(async () => {
  await Promise.all([server?.stop(), stub?.close()]);
  rmSync(stateDir, { recursive: true, force: true });
});

const LONG = "echo_detachable";
const lasting = (text: string, tenths: number) => ({ text, steps: tenths, delayMs: 100 });

const structured = ({ structuredContent, content }: ToolAnswer): Record<string, unknown> => {
  if (!structuredContent) throw new Error(JSON.stringify(content));
  return structuredContent;
};

const newest = async (tool: string): Promise<Record<string, unknown> | undefined> =>
  (structured(await stateless.call("list_calls", { tool, limit: 1 })).calls as Record<string, unknown>[])[0];

describe("a write that asks, and is told to stop,", () => {
  it("takes its question back, reads cancelled, and sends nothing whatever comes later", async () => {
    const session = await RawSession.begin(url, { capabilities: { elicitation: { form: {} } } });
    const params = { name: "confirm_note", arguments: { owner: "octo", repo: "notes", title: "stopped" } };
    const seen: Received[] = [];
    for await (const message of messagesOf(await session.post({ jsonrpc: "2.0", id: 7, method: "tools/call", params }))) {
      seen.push(message);
      if (message.method !== "elicitation/create") continue;
      await expect.poll(() => newest("confirm_note"), { timeout: 3000 }).toMatchObject({ outcome: "pending" });
      const { call } = (await newest("confirm_note")) ?? {};
      expect(structured(await stateless.call("cancel_call", { call }))).toMatchObject({ outcome: "cancelled" });
      await session.post({ jsonrpc: "2.0", id: message.id, result: { action: "accept", content: { answer: "yes" } } });
    }
    const asked = seen.find(({ method }) => method === "elicitation/create");
    expect(seen.find(({ method }) => method === "notifications/cancelled")?.params?.requestId).toBe(asked?.id);
    expect(seen.at(-1)).toMatchObject({ id: 7, result: { isError: true, content: [{ text: expect.stringContaining("told to stop") }] } });
    expect(stub.writes).toHaveLength(0);
  });
});

describe("a call that goes on without its client", () => {
  it("is not cancelled by a notification that comes after its answer", async () => {
    const session = await RawSession.begin(url);
    const response = await session.post({
      jsonrpc: "2.0",
      id: 7,
      method: "tools/call",
      params: { name: LONG, arguments: lasting("on", 15) }
    });
    const { call } = structured((await readMessages(response)).at(-1)?.result as unknown as ToolAnswer);
    await session.post({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } });
    expect(structured(await session.call("get_call", { call, waitSeconds: 8 }))).toMatchObject({ outcome: "ok" });
  });

  it("is stopped once, however often it is told to at a time", async () => {
    const { call } = structured(await stateless.call(LONG, lasting("twice", 100)));
    const answers = await Promise.all([1, 2, 3].map(() => stateless.call("cancel_call", { call })));
    expect(answers.filter(({ isError }) => !isError).map((answer) => structured(answer).outcome)).toContain("cancelled");
    for (const { isError, content } of answers) if (isError) expect(content[0]?.text).toContain("it is cancelled. Nothing was changed.");
    expect(structured(await stateless.call("get_call", { call }))).toMatchObject({ outcome: "cancelled" });
  });

  it("is one of a batch whose other calls are answered with what they found", async () => {
    const session = await RawSession.begin(url, { revision: "2025-03-26" });
    const request = (id: number, tenths: number) => ({
      ...{ jsonrpc: "2.0", id, method: "tools/call" },
      params: { name: LONG, arguments: lasting(`batch ${id}`, tenths) }
    });
    const response = await session.post([request(1, 15), request(2, 1), request(3, 15), request(4, 1)]);
    const answers = (await readMessages(response)).flat();
    const of = (id: number) => answers.find((answer) => answer.id === id)?.result as unknown as ToolAnswer;
    expect(structured(of(2))).toMatchObject({ status: "done" });
    expect(of(4)).toMatchObject({ isError: true, _meta: { "dormouse/limit": { limit: "detaching_calls" } } });
    for (const id of [1, 3]) {
      const { status, call } = structured(of(id));
      expect(status).toBe("running");
      expect(structured(await stateless.call("get_call", { call, waitSeconds: 8 }))).toMatchObject({ output: { text: `batch ${id}` } });
    }
  });

  it("tells how it failed, and its line of the log how long it took", async () => {
    const { call } = structured(await stateless.call("fail_late", { sentence: "The burrow is flooded.", afterMs: 1200 }));
    const found = structured(await stateless.call("get_call", { call, waitSeconds: 8 }));
    expect(found).toMatchObject({ outcome: "error", error: "UpstreamFailed", preview: "The burrow is flooded." });
    expect(Number(found.durationMs)).toBeGreaterThan(1100);
    const line = server.output().match(/\{[^\n]*"event":"tool_call"[^\n]*"tool":"fail_late"[^\n]*\}/)?.[0];
    expect(JSON.parse(line ?? "{}")).toMatchObject({ outcome: "error", call });
    expect(JSON.parse(line ?? "{}").ms).toBeGreaterThan(1100);
  });

  it("can ask nobody: it says so, and no question leaves", async () => {
    const session = await RawSession.begin(url, { capabilities: { elicitation: { form: {} } } });
    const messages = await session.request("tools/call", { name: "ask_late", arguments: { afterMs: 900 } });
    const { call } = structured(messages.at(-1)?.result as unknown as ToolAnswer);
    expect(structured(await session.call("get_call", { call, waitSeconds: 8 }))).toMatchObject({
      outcome: "error",
      preview: "ask_late goes on without its client, and nobody can answer its question."
    });
    expect(messages.filter(({ method }) => method === "elicitation/create")).toEqual([]);
  });
});
