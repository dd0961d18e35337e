import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BuiltWorker, LOCAL_BINDINGS, startBuiltWorker } from "../support/built-worker.ts";
import { postBreakable } from "../support/reset.ts";
import { MCP_HEADERS, RawSession, type ToolAnswer } from "../support/session.ts";
import { envelope, RawStateless, toHeaders } from "../support/stateless.ts";
import { describeWires, openSession } from "../support/wires.ts";

// Calls of the fixture would detach after half a second, where answers are kept: see detaching.test.ts.

const LONG = "echo_detachable";

/** A call of so many tenths of a second. */
const lasting = (text: string, tenths: number) => ({ text, steps: tenths, delayMs: 100 });

const structured = ({ structuredContent, content }: ToolAnswer): Record<string, unknown> => {
  if (!structuredContent) throw new Error(JSON.stringify(content));
  return structuredContent;
};

describe.each(["metadata", "off"])("a server that keeps of the history: %s", (mode) => {
  let stateDir: string;
  let server: BuiltWorker;
  let url: string;
  let stateless: RawStateless;

  beforeAll(async () => {
    stateDir = mkdtempSync(join(tmpdir(), "dormouse-keeping-none-"));
    const bindings = { ...LOCAL_BINDINGS, LOCAL_SCOPES: "all", RATE_LIMIT: "off", HISTORY: mode };
    server = await startBuiltWorker({
      configPath: "test/fixtures/wrangler.toml",
      main: "test/fixtures/detaching-worker.ts",
      stateDir,
      bindings
    });
    url = `${server.url}/mcp`;
    stateless = new RawStateless(url);
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(stateDir, { recursive: true, force: true });
  });

  const newest = async () =>
    (structured(await stateless.call("list_calls", { tool: LONG, limit: 1 })).calls as Record<string, unknown>[])[0];

  describeWires("a long call", (wire) => {
    it("stays with its client and answers it with the whole, also beside more than might go on alone", async () => {
      const client = await openSession(wire, url);
      const texts = ["a", "b", "c", "d"];
      const answers = await Promise.all(texts.map((text) => client.call(LONG, lasting(text, 12))));
      expect(answers.map(structured)).toEqual(texts.map((text) => ({ status: "done", text })));
      await client.close();
    });
  });

  it("stops the call of a client without a session that leaves", async () => {
    const params = { name: LONG, arguments: lasting("left", 100) };
    const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { ...params, _meta: { ...envelope(), progressToken: 1 } } };
    const call = postBreakable(url, toHeaders("tools/call", params), body);
    await call.begun;
    call.reset();
    const ended = /"event":"tool_call"[^\n]*"tool":"echo_detachable","outcome":"cancelled"/;
    await expect.poll(() => ended.test(server.output()), { timeout: 3000 }).toBe(true);
  });

  it("gives the answer of a client that left its stream to who comes back for it, and says of it what is kept", async () => {
    const session = await RawSession.begin(url);
    const params = { name: LONG, arguments: lasting("come back", 15) };
    const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { ...params, _meta: { progressToken: 1 } } };
    const call = postBreakable(url, { ...MCP_HEADERS, "mcp-session-id": session.id }, body);
    const { text } = await call.begun;
    call.reset();
    const event = /^id: (.+)$/m.exec(text)?.[1] ?? "";
    const headers = { accept: "text/event-stream", "mcp-session-id": session.id, "last-event-id": event };
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(await (await fetch(url, { headers })).text()).toContain('"structuredContent":{"status":"done","text":"come back"}');
    const found = await newest();
    if (mode === "off") return expect(found).toBeUndefined();
    const details = structured(await session.call("get_call", { call: found?.call }));
    expect(details).toMatchObject({
      outcome: "ok",
      reason: "Its client had gone when it ended, and this server keeps no answers: HISTORY says so."
    });
    expect(Object.keys(details)).not.toContain("output");
    expect(Object.keys(details)).not.toContain("preview");
  });

  it("says of a call at work what it keeps of it", async () => {
    const client = await RawSession.begin(url);
    const running = client.call(LONG, lasting("at work", 20));
    if (mode === "off") {
      expect(await newest()).toBeUndefined();
      expect(structured(await running)).toMatchObject({ text: "at work" });
      return;
    }
    await expect.poll(newest, { timeout: 3000 }).toMatchObject({ outcome: "running" });
    const { call } = (await newest()) ?? {};
    expect(structured(await stateless.call("cancel_call", { call }))).toMatchObject({ outcome: "cancelled" });
    expect((await running).content[0]?.text).toContain("The call was told to stop.");
  });

  it("reports no failure", () => {
    expect(server.output()).not.toContain('"level":"error"');
  });
});
