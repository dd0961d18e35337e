import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type BuiltWorker, LOCAL_BINDINGS, startBuiltWorker } from "../support/built-worker.ts";
import { type GitHubStub, startGitHubStub } from "../support/github-stub.ts";
import { postBreakable } from "../support/reset.ts";
import { envelope, RawStateless, toHeaders } from "../support/stateless.ts";

const stateDir = mkdtempSync(join(tmpdir(), "dormouse-leaving-"));
let stub: GitHubStub;
let server: BuiltWorker;
let client: RawStateless;

// Not the harness: the proxy in front of it does not tell the Worker of a client that left before the headers came.
beforeAll(async () => {
  stub = await startGitHubStub();
  server = await startBuiltWorker({
    configPath: "test/fixtures/wrangler.toml",
    main: "test/fixtures/writes-worker.ts",
    stateDir,
    bindings: { ...LOCAL_BINDINGS, LOCAL_SCOPES: "all", GITHUB_API_URL: stub.url }
  });
  client = new RawStateless(`${server.url}/mcp`);
});
afterAll(async () => {
  await Promise.all([server?.stop(), stub?.close()]);
  rmSync(stateDir, { recursive: true, force: true });
});
beforeEach(() => stub.reset());

const begin = (name: string, args: object, meta: Record<string, unknown> = {}) => {
  const params = { name, arguments: args };
  const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { ...params, _meta: envelope({ meta }) } };
  return postBreakable(`${server.url}/mcp`, toHeaders("tools/call", params), body);
};

const listen = (id: number) => {
  const params = { notifications: { toolsListChanged: true }, _meta: envelope() };
  const body = { jsonrpc: "2.0", id, method: "subscriptions/listen", params };
  return postBreakable(`${server.url}/mcp`, toHeaders("subscriptions/listen"), body);
};

const newest = async (tool: string) => {
  const { structuredContent } = await client.call("list_calls", { tool, limit: 1 });
  return (structuredContent?.calls as { outcome: string; durationMs?: number }[] | undefined)?.[0];
};

describe("a stateless client that goes away", () => {
  it("from a stream cancels its call within a second", async () => {
    const call = begin("echo", { text: "gone", steps: 80, delayMs: 100 }, { progressToken: 1 });
    expect((await call.begun).text).toContain("notifications/progress");
    call.reset();
    await expect.poll(() => newest("echo"), { timeout: 1000 }).toMatchObject({ outcome: "cancelled" });
  });

  it("before any answer cancels its call within a second", async () => {
    const call = begin("echo_detachable", { text: "gone", steps: 1, delayMs: 5000 });
    await expect.poll(() => newest("echo_detachable")).toMatchObject({ outcome: "running" });
    call.reset();
    await expect.poll(() => newest("echo_detachable"), { timeout: 1000 }).toMatchObject({ outcome: "cancelled" });
  });

  it("between two writes leaves a row that says that the first was sent", async () => {
    const call = begin("create_two_notes", { owner: "octo", repo: "notes", title: "one of two" });
    await expect.poll(() => stub.writes.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 200)); // GitHub's answer has come, and the tool waits
    call.reset();
    await expect.poll(() => newest("create_two_notes"), { timeout: 3000 }).toMatchObject({ outcome: "unknown" });
    expect(stub.writes).toHaveLength(1);
  });

  it("that does not read is left, and its call with it", async () => {
    const call = begin("flood", { messages: 5000, sizeBytes: 10_000 }, { progressToken: 1 });
    await call.begun;
    await expect.poll(() => newest("flood"), { timeout: 5000 }).toMatchObject({ outcome: "cancelled" });
    call.reset();
  });
});

describe("a listener that goes away", () => {
  it("leaves its place to another: there are 32", async () => {
    const listeners = Array.from({ length: 32 }, (_, id) => listen(id));
    expect(new Set((await Promise.all(listeners.map(({ begun }) => begun))).map(({ status }) => status))).toEqual(new Set([200]));
    const refused = await listen(33).begun;
    expect([refused.status, JSON.parse(refused.text)]).toMatchObject([
      429,
      { id: 33, error: { code: 1429, data: { reason: "too_many_subscriptions" } } }
    ]);
    for (const { reset } of listeners) reset();
    await expect.poll(async () => (await listen(34).begun).status, { timeout: 2000 }).toBe(200);
  });
});

it("who leaves makes the server report no failure", () => {
  expect(server.output()).not.toContain('"level":"error"');
});
