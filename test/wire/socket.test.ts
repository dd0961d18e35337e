import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { WebSocketClientTransport } from "@modelcontextprotocol/sdk/client/websocket.js";
import { type CallToolResult, ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiKeyName, createApiKey } from "../../src/auth/api-key.ts";
import { readSessionId } from "../../src/mcp/signed/session-id.ts";
import { DEPLOYED, startServer, type TestServer } from "../support/server.ts";
import { RawSession, type Received } from "../support/session.ts";
import { RawSocket, upgradeStatus } from "../support/socket.ts";

let server: TestServer;
let url: string;

beforeAll(async () => {
  server = await startServer({ configPath: "test/fixtures/wrangler.toml" });
  url = `${server.url}/mcp`;
});
afterAll(() => server?.close());

const evict = (session: string) =>
  server.worker.evictDurableObject("SessionAgent", { name: `session:${readSessionId(session).name}`, webSockets: "hibernate" });

const textOf = ({ result }: Received) => (result?.structuredContent as { text?: string } | undefined)?.text;

describe("an official client over a WebSocket", () => {
  it("lists, calls, sees progress, is asked and cancels", async () => {
    const client = new Client({ name: "official", version: "1" }, { capabilities: { elicitation: {} } });
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept", content: { name: "Ada" } }));
    await client.connect(new WebSocketClientTransport(new URL(url.replace("http", "ws"))));
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain("echo");
    expect(((await client.callTool({ name: "ask_name", arguments: {} })) as CallToolResult).structuredContent).toMatchObject({
      name: "Ada"
    });
    const progress: number[] = [];
    const flooded = { name: "flood", arguments: { messages: 5, sizeBytes: 10 } };
    await client.callTool(flooded, undefined, { onprogress: ({ progress: done }) => progress.push(done) });
    expect(progress).toEqual([1, 2, 3, 4, 5]);
    const controller = new AbortController();
    const long = client.callTool({ name: "flood", arguments: { messages: 100_000, sizeBytes: 1 } }, undefined, {
      signal: controller.signal
    });
    setTimeout(() => controller.abort(), 50);
    await expect(long).rejects.toThrow();
    const listed = async () =>
      (await client.callTool({ name: "list_calls", arguments: { session: "this", tool: "flood", limit: 1 } })).structuredContent;
    await expect.poll(listed, { timeout: 2000 }).toMatchObject({ calls: [{ outcome: "cancelled" }] });
    await client.close();
  });
});

describe("a socket", () => {
  it("is answered after its object was evicted, and remembers its client and its calls", async () => {
    const { socket, session } = await RawSocket.begin(url, { capabilities: { elicitation: {} } });
    await socket.request("tools/call", { name: "echo", arguments: { text: "before" } });
    await evict(session);
    const listed = await socket.request("tools/call", { name: "list_calls", arguments: { session: "this" } });
    expect(listed.result?.structuredContent).toMatchObject({ calls: [{ tool: "echo", outcome: "ok" }] });
    await evict(session);
    socket.send({ jsonrpc: "2.0", id: "asks", method: "tools/call", params: { name: "ask_name", arguments: {} } });
    const question = await socket.next(({ method }) => method === "elicitation/create");
    socket.send({ jsonrpc: "2.0", id: question.id, result: { action: "decline" } });
    expect((await socket.next(({ id }) => id === "asks")).result?.structuredContent).toEqual({ action: "decline" });
    socket.close();
  });

  it("goes on over HTTP, and a session of HTTP over a socket", async () => {
    const { socket, session } = await RawSocket.begin(url);
    await socket.request("tools/call", { name: "echo", arguments: { text: "by socket" } });
    const http = RawSession.resume(url, session);
    expect((await http.call("list_calls", { session: "this" })).structuredContent).toMatchObject({ calls: [{ tool: "echo" }] });
    const begun = await RawSession.begin(url);
    await begun.call("echo", { text: "by http" });
    for (const address of [`${url}?session=${begun.id}`, url]) {
      const joined = await RawSocket.open(address, address === url ? { "mcp-session-id": begun.id } : {});
      const answer = await joined.request("tools/call", { name: "list_calls", arguments: { session: "this", tool: "echo" } });
      expect(answer.result?.structuredContent).toMatchObject({ calls: [{ tool: "echo" }] });
      joined.close();
    }
    socket.close();
  });

  it("shares its session with others that use the same ids, without mixing answers", async () => {
    const { socket, session } = await RawSocket.begin(url);
    const others = await Promise.all([1, 2, 3].map(() => RawSocket.open(`${url}?session=${session}`)));
    const http = RawSession.resume(url, session);
    const rounds = Array.from({ length: 100 }, (_, i) => i);
    for (const round of rounds) {
      const expected = [socket, ...others].map((_, i) => `${round} by socket ${i}`);
      const bySocket = [socket, ...others].map((one, i) =>
        one.request("tools/call", { name: "echo", arguments: { text: expected[i] } }, 7)
      );
      const byHttp = http.call("echo", { text: `${round} by http` });
      expect((await Promise.all(bySocket)).map(textOf)).toEqual(expected);
      expect((await byHttp).structuredContent).toMatchObject({ text: `${round} by http` });
    }
    for (const one of [socket, ...others]) {
      expect(one.received).toEqual([]);
      one.close();
    }
  });

  it("is one of eight at most", async () => {
    const { socket, session } = await RawSocket.begin(url);
    const others = await Promise.all(Array.from({ length: 7 }, () => RawSocket.open(`${url}?session=${session}`)));
    await expect(RawSocket.open(`${url}?session=${session}`)).rejects.toThrow();
    for (const one of [socket, ...others]) one.close();
  });

  it("cancels only its own requests", async () => {
    const { socket, session } = await RawSocket.begin(url);
    const other = await RawSocket.open(`${url}?session=${session}`);
    const flood = { name: "flood", arguments: { messages: 200, sizeBytes: 1 } };
    const running = socket.request("tools/call", flood, "same");
    other.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "same" } });
    expect((await running).result?.structuredContent).toEqual({ status: "done", sent: 200 });
    socket.close();
    other.close();
  });

  it("that drops has its answers kept for the one that takes its name", async () => {
    const { socket, session, name } = await RawSocket.begin(url);
    socket.send({
      jsonrpc: "2.0",
      id: "dropped",
      method: "tools/call",
      params: { name: "flood", arguments: { messages: 20_000, sizeBytes: 1 } }
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.close();
    const http = RawSession.resume(url, session);
    await expect
      .poll(async () => (await http.call("list_calls", { session: "this", tool: "flood" })).structuredContent, { timeout: 15_000 })
      .toMatchObject({ calls: [{ outcome: "ok" }] });
    expect(socket.received).toEqual([]);
    const resumed = await RawSocket.open(`${url}?session=${session}&resume=${name}`);
    expect((await resumed.next(({ id }) => id === "dropped")).result?.structuredContent).toEqual({ status: "done", sent: 20_000 });
    resumed.close();
  });

  it("is told what belongs to no request, once for the whole session", async () => {
    const { socket, session } = await RawSocket.begin(url);
    const other = await RawSocket.open(`${url}?session=${session}`);
    await socket.request("resources/subscribe", { uri: "calls://recent" });
    await socket.request("tools/call", { name: "echo", arguments: { text: "x" } });
    const updates = () =>
      [socket, other].flatMap(({ received }) => received.filter(({ method }) => method === "notifications/resources/updated"));
    await expect.poll(() => updates().length).toBe(1);
    socket.close();
    other.close();
  });
});

describe("a frame", () => {
  it.each([
    ["garbage", "{", -32700],
    ["no message", "[1]", -32600],
    ["a batch", '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600],
    ["too deep", `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${"[".repeat(100)}${"]".repeat(100)}}}`, -32600]
  ])("of %s is answered with an error, and the socket stays", async (_, frame, code) => {
    const { socket } = await RawSocket.begin(url);
    socket.send(frame);
    expect(await socket.next(({ id }) => id === null)).toMatchObject({ error: { code } });
    expect(await socket.request("ping")).toMatchObject({ result: {} });
    socket.close();
  });

  it.each([
    ["over 1 MiB", "x".repeat(1024 * 1024 + 1), 1009],
    ["binary", new Uint8Array([1, 2, 3]), 1003]
  ])("that is %s closes the socket with its code", async (_, frame, code) => {
    const { socket } = await RawSocket.begin(url);
    socket.send(frame);
    expect((await socket.closed).code).toBe(code);
  });

  it("before initialize is refused, but for ping", async () => {
    const socket = await RawSocket.open(url);
    expect(await socket.request("tools/list")).toMatchObject({ error: { code: -32000, data: { reason: "session_required" } } });
    socket.close();
  });

  it("of a flood closes its socket, and no neighbour's", { timeout: 60_000 }, async () => {
    const { socket } = await RawSocket.begin(url);
    const { socket: neighbour } = await RawSocket.begin(url);
    for (let i = 0; i < 1500; i++) socket.send({ jsonrpc: "2.0", method: "notifications/none" });
    expect((await socket.closed).code).toBe(1008);
    expect(await neighbour.request("ping")).toMatchObject({ result: {} });
    neighbour.close();
  });
});

describe("an upgrade", () => {
  it.each([
    ["asked for as it should be", {}, "", 101],
    ["from another page", { origin: "https://evil.example" }, "", 403],
    ["to a host that was rebound to loopback", { host: "evil.example" }, "", 403],
    ["with a key that is not there", { authorization: `Bearer ${createApiKey().key}` }, "", 401],
    ["with a token in the address", {}, "?access_token=x", 401],
    ["without the subprotocol", { "sec-websocket-protocol": "chat" }, "", 400],
    ["to a session that is not there", {}, "?session=unknown", 404],
    ["that resumes what is no socket", {}, "?resume=x", 400],
    ["of a revision that is not there", { "mcp-protocol-version": "1999-01-01" }, "", 400]
  ])("%s is answered with its status", async (_, headers, query, status) => {
    expect(await upgradeStatus(`${url}${query}`, headers)).toBe(status);
  });

  it("to a session that was ended is 404", async () => {
    const ended = await RawSession.begin(url);
    await fetch(url, { method: "DELETE", headers: { "mcp-session-id": ended.id } });
    expect(await upgradeStatus(`${url}?session=${ended.id}`)).toBe(404);
  });
});

describe("credentials", () => {
  it("open a socket, and close it when they are revoked", async () => {
    const deployed = await startServer({ configPath: "wrangler.toml", settings: DEPLOYED });
    try {
      const { KEYS } = (await deployed.worker.getEnv()) as {
        KEYS: { put(name: string, value: string): Promise<void>; delete(name: string): Promise<void> };
      };
      const { kid, key, hash } = createApiKey();
      await KEYS.put(apiKeyName(kid), JSON.stringify({ hash, scopes: ["mcp:use"], created: 0 }));
      expect(await upgradeStatus(`${deployed.url}/mcp`)).toBe(401);
      await expect(RawSocket.open(`${deployed.url}/mcp`, { authorization: `Bearer ${createApiKey().key}` })).rejects.toThrow();
      const { socket, session } = await RawSocket.begin(`${deployed.url}/mcp`, { headers: { authorization: `Bearer ${key}` } });
      expect(await socket.request("ping")).toMatchObject({ result: {} });
      await expect(RawSocket.open(`${deployed.url}/mcp?session=${session}`)).rejects.toThrow();
      await KEYS.delete(apiKeyName(kid));
      // Credentials are believed for 30 s by the socket and, if the isolate has just read them, for as long by it.
      const code = await Promise.race([
        socket.closed.then((closed) => closed.code),
        (async () => {
          for (let asked = 0; asked < 90; asked++) {
            await new Promise((resolve) => setTimeout(resolve, 1000));
            socket.send({ jsonrpc: "2.0", id: asked, method: "ping" });
          }
        })()
      ]);
      expect(code).toBe(4401);
    } finally {
      await deployed.close();
    }
  }, 100_000);
});
