import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../support/server.ts";
import { messagesOf } from "../support/session.ts";
import { RawStateless } from "../support/stateless.ts";

let server: TestServer;
let client: RawStateless;

beforeAll(async () => {
  server = await startServer({ configPath: "test/fixtures/wrangler.toml" });
  client = new RawStateless(`${server.url}/mcp`);
});
afterAll(() => server?.close());

const SERVER = { "io.modelcontextprotocol/serverInfo": { name: "dormouse-writes", title: "Dormouse, writing", version: "0.0.0" } };

describe("a call", () => {
  it("is one row of the principal's history, with the client's name", async () => {
    const response = await client.post(
      "tools/call",
      { name: "echo", arguments: { text: "once" } },
      { headers: { accept: "application/json" } }
    );
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({
      jsonrpc: "2.0",
      id: expect.any(Number),
      result: {
        resultType: "complete",
        content: [{ type: "text", text: "once" }],
        structuredContent: { text: "once" },
        _meta: SERVER
      }
    });
    const { structuredContent } = await client.call("list_calls", { tool: "echo" });
    const calls = structuredContent?.calls as { call: string }[] | undefined;
    expect((await client.call("get_call", { call: calls?.[0]?.call })).structuredContent).toMatchObject({ outcome: "ok", client: "raw/1" });
  });

  it("becomes a stream with its first message, or after half a second of silence", async () => {
    const progress = await client.post(
      "tools/call",
      { name: "echo", arguments: { text: "a", steps: 2 } },
      { meta: { progressToken: "token" } }
    );
    expect(progress.headers.get("content-type")).toBe("text/event-stream");
    const received = [];
    for await (const message of messagesOf(progress)) received.push(message.params ?? message.result?.resultType);
    expect(received).toEqual([
      { progressToken: "token", progress: 1, total: 2 },
      { progressToken: "token", progress: 2, total: 2 },
      "complete"
    ]);
    const silent = await client.post("tools/call", { name: "echo", arguments: { text: "b", steps: 1, delayMs: 700 } });
    expect(silent.headers.get("content-type")).toBe("text/event-stream");
    expect(await silent.text()).toMatch(/^event: message\ndata: \{/);
  });

  it("is served by the slice of its path", async () => {
    const reader = new RawStateless(`${server.url}/mcp/readonly`);
    const [listed] = await reader.request("tools/list");
    const names = (listed?.result?.tools as { name: string }[] | undefined)?.map(({ name }) => name);
    expect([names?.includes("echo"), names?.includes("create_note")]).toEqual([true, false]);
    expect((await reader.request("tools/call", { name: "create_note", arguments: {} }))[0]?.error?.code).toBe(-32602);
  });

  it("stays JSON for a client that does not take a stream", async () => {
    const params = { name: "echo", arguments: { text: "c", steps: 2, delayMs: 400 } };
    const response = await client.post("tools/call", params, { meta: { progressToken: 1 }, headers: { accept: "application/json" } });
    expect(await response.json()).toMatchObject({ result: { structuredContent: { text: "c" } } });
  });
});
