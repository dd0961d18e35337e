import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKeyring } from "../../src/mcp/signed/keyring.ts";
import { mintSessionId } from "../../src/mcp/signed/session-id.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { MCP_HEADERS, promptly, RawSession, readMessages } from "../support/session.ts";

let server: TestServer;
let url: string;
let session: RawSession;

beforeAll(async () => {
  server = await startServer({ settings: { ALLOWED_ORIGINS: "https://app.example" } });
  url = `${server.url}/mcp`;
  session = await RawSession.begin(url);
});
afterAll(() => server?.close());

const PING = { jsonrpc: "2.0", id: 1, method: "ping" };
const CALL = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "list_calls", arguments: {} } };
const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "table", version: "1" } }
};

/** What a row looks at: the HTTP status and the JSON-RPC code. */
const outcome = async (response: Response): Promise<[number, number | undefined]> => {
  const [message] = await readMessages(response);
  return [response.status, message?.error?.code];
};

const send = (body: string | Uint8Array | ReadableStream, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: "POST",
    headers: { ...MCP_HEADERS, "mcp-session-id": session.id, ...headers },
    body,
    duplex: "half"
  } as RequestInit);

describe("a body", () => {
  const nested = (depth: number) => `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${"[".repeat(depth)}${"]".repeat(depth)}}}`;
  const padded = (sizeBytes: number) => {
    const head = '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"';
    return `${head}${"x".repeat(sizeBytes - head.length - 3)}"}}`;
  };
  const chunked = (text: string) =>
    new ReadableStream({
      start(controller) {
        const bytes = new TextEncoder().encode(text);
        for (let i = 0; i < bytes.length; i += 65_536) controller.enqueue(bytes.slice(i, i + 65_536));
        controller.close();
      }
    });
  const MIB = 1024 * 1024;

  it.each<[string, string | Uint8Array | (() => ReadableStream), number, number | undefined]>([
    ["empty", "", 400, -32700],
    ["not JSON", "{", 400, -32700],
    ["with trailing junk", `${JSON.stringify(PING)} x`, 400, -32700],
    ["of invalid UTF-8", new Uint8Array([0x22, 0xff, 0x22]), 400, -32700],
    ["null", "null", 400, -32600],
    ["a number", "1", 400, -32600],
    ["a string", '"ping"', 400, -32600],
    ["an array of numbers", "[1]", 400, -32600],
    ["an empty batch", "[]", 400, -32600],
    ["without jsonrpc", '{"id":1,"method":"ping"}', 400, -32600],
    ["of another jsonrpc", '{"jsonrpc":"1.0","id":1,"method":"ping"}', 400, -32600],
    ["with a null id", '{"jsonrpc":"2.0","id":null,"method":"ping"}', 400, -32600],
    ["with a fractional id", '{"jsonrpc":"2.0","id":1.5,"method":"ping"}', 400, -32600],
    ["with an object as id", '{"jsonrpc":"2.0","id":{},"method":"ping"}', 400, -32600],
    ["with a boolean id", '{"jsonrpc":"2.0","id":true,"method":"ping"}', 400, -32600],
    ["with params in an array", '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', 400, -32600],
    ["nested 64 deep", nested(62), 200, undefined],
    ["nested 65 deep", nested(63), 400, -32600],
    ["nested 100,000 deep", nested(100_000), 400, -32600],
    ["of 1 MiB", padded(MIB), 200, undefined],
    ["over 1 MiB", padded(MIB + 1), 413, -32600],
    ["of 1 MiB in chunks", () => chunked(padded(MIB)), 200, undefined],
    ["over 1 MiB in chunks", () => chunked(padded(MIB + 1)), 413, -32600],
    ["of 4 MiB in chunks", () => chunked(padded(4 * MIB)), 413, -32600]
  ])("%s", async (_, body, status, code) => {
    expect(await outcome(await send(typeof body === "function" ? body() : body))).toEqual([status, code]);
  });

  it("over the limit leaves the connection usable", async () => {
    for (let i = 0; i < 5; i++) {
      expect(await outcome(await send(padded(2 * MIB)))).toEqual([413, -32600]);
      expect(await outcome(await session.post(PING))).toEqual([200, undefined]);
    }
  });
});

describe("a header", () => {
  it.each<[string, Record<string, string>, number]>([
    ["Content-Type text/plain", { "content-type": "text/plain" }, 415],
    ["Content-Type in another charset", { "content-type": "application/json; charset=latin1" }, 415],
    ["Content-Type in UTF-8", { "content-type": 'Application/JSON; charset="UTF-8"' }, 200],
    ["Accept JSON only", { accept: "application/json" }, 406],
    ["Accept a stream only", { accept: "text/event-stream" }, 406],
    ["Accept anything", { accept: "*/*" }, 200],
    ["a revision that is not there", { "mcp-protocol-version": "1999-01-01" }, 400],
    ["an older revision", { "mcp-protocol-version": "2025-06-18" }, 200]
  ])("%s", async (_, headers, status) => {
    expect((await session.post(PING, headers)).status).toBe(status);
  });

  it.each(["PUT", "PATCH", "HEAD"])("method %s is 405 and says which are allowed", async (method) => {
    const response = await fetch(url, { method });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, POST, DELETE, OPTIONS"]);
  });
});

describe("CORS", () => {
  const origin = "https://app.example";

  it("answers the preflight of an allowed origin", async () => {
    const response = await fetch(url, { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST" } });
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-origin")).toBe(origin);
    expect(response.headers.get("access-control-allow-methods")).toContain("DELETE");
    expect(response.headers.get("access-control-allow-headers")).toContain("Mcp-Session-Id");
  });

  it.each([
    ["JSON", PING],
    ["an error", { jsonrpc: "2.0", id: 1, method: "none" }],
    ["a stream", { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "long_operation", arguments: { steps: 1, delayMs: 600 } } }]
  ])("lets its page read %s", async (_, body) => {
    const response = await session.post(body, { origin });
    expect(response.headers.get("access-control-allow-origin")).toBe(origin);
    expect(response.headers.get("access-control-expose-headers")).toBe("Mcp-Session-Id, WWW-Authenticate, Retry-After");
    await response.text();
  });

  it("refuses the preflight of another origin", async () => {
    const response = await fetch(url, {
      method: "OPTIONS",
      headers: { origin: "https://evil.example", "access-control-request-method": "POST" }
    });
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([403, null]);
  });
});

describe("every answer", () => {
  it.each([
    ["a result", () => session.post(PING)],
    ["a tool's result", () => session.post(CALL)],
    ["a refusal", () => session.post("{")]
  ])("is JSON that nobody stores: %s", async (_, answer) => {
    const response = await promptly(answer);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toMatchObject({ jsonrpc: "2.0" });
  });
});

describe("a session id", () => {
  const ids = async () => {
    const ended = await RawSession.begin(url);
    await ended.call("list_calls");
    expect((await fetch(url, { method: "DELETE", headers: { "mcp-session-id": ended.id } })).status).toBe(204);
    const keyring = createKeyring("local-only-this-secret-is-public");
    const init = { revision: "2025-11-25", capabilities: {}, client: { name: "a", version: "1" } };
    return {
      unknown: "00000000-0000-4000-8000-000000000000",
      forged: `${session.id.slice(0, -1)}${session.id.endsWith("A") ? "B" : "A"}`,
      "over-long": "a".repeat(600),
      foreign: mintSessionId(keyring, "key:somebody", { ...init, issuedMs: Date.now() }),
      expired: mintSessionId(keyring, "local", { ...init, issuedMs: Date.now() - 31 * 24 * 60 * 60 * 1000 }),
      terminated: ended.id
    };
  };

  it("is needed", async () => {
    const response = await fetch(url, { method: "POST", headers: MCP_HEADERS, body: JSON.stringify(PING) });
    expect(await outcome(response)).toEqual([400, -32000]);
  });

  it("is 404 when it is unknown, forged, over-long, foreign, expired or ended, by whatever method", async () => {
    for (const [kind, id] of Object.entries(await ids())) {
      const headers = { ...MCP_HEADERS, "mcp-session-id": id };
      for (const body of [PING, CALL, { jsonrpc: "2.0", method: "notifications/initialized" }]) {
        const posted = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
        expect([kind, ...(await outcome(posted))]).toEqual([kind, 404, -32001]);
      }
      for (const method of ["GET", "DELETE"]) {
        expect([kind, method, ...(await outcome(await fetch(url, { method, headers })))]).toEqual([kind, method, 404, -32001]);
      }
    }
  });

  it("does not come with initialize", async () => {
    expect(await outcome(await session.post(INITIALIZE))).toEqual([400, -32600]);
  });
});

describe("initialize", () => {
  it.each([
    ["2025-11-25", "2025-11-25"],
    ["2025-03-26", "2025-03-26"],
    ["2024-11-05", "2024-11-05"],
    ["1999-01-01", "2025-11-25"],
    ["2099-01-01", "2025-11-25"]
  ])("for revision %s agrees on %s", async (protocolVersion, agreed) => {
    const body = JSON.stringify({ ...INITIALIZE, params: { ...INITIALIZE.params, protocolVersion } });
    const [message] = await readMessages(await fetch(url, { method: "POST", headers: MCP_HEADERS, body }));
    expect(message?.result?.protocolVersion).toBe(agreed);
  });

  it.each([{}, { protocolVersion: 1 }, { protocolVersion: "2025-11-25", capabilities: [] }])("refuses the params %j", async (params) => {
    const body = JSON.stringify({ ...INITIALIZE, params });
    expect(await outcome(await fetch(url, { method: "POST", headers: MCP_HEADERS, body }))).toEqual([200, -32602]);
  });
});

describe("odd but valid JSON", () => {
  const odd = { toString: 1, valueOf: 1 };

  it("as the client's name begins a session all the same", async () => {
    const body = JSON.stringify({ ...INITIALIZE, params: { ...INITIALIZE.params, clientInfo: { name: odd, version: [odd] } } });
    expect(await outcome(await fetch(url, { method: "POST", headers: MCP_HEADERS, body }))).toEqual([200, undefined]);
  });

  it.each([
    ["prompts/get", { name: odd }],
    ["tools/call", { name: odd }],
    ["resources/read", { uri: odd }],
    ["resources/subscribe", { uri: odd }],
    ["tools/list", { cursor: odd }],
    ["logging/setLevel", { level: odd }],
    ["completion/complete", { ref: odd, argument: odd }]
  ])("in the params of %s is refused as params", async (method, params) => {
    expect(await outcome(await session.post({ jsonrpc: "2.0", id: 1, method, params }))).toEqual([200, -32602]);
  });

  it("tells a session with too many subscriptions so", async () => {
    const crowded = await RawSession.begin(url);
    const subscribe = (i: number) => crowded.request("resources/subscribe", { uri: `repository://octo/number-${i}` });
    for (let i = 0; i < 100; i++) await subscribe(i);
    expect((await subscribe(100))[0]?.error).toMatchObject({ code: -32602, data: { reason: "too_many_subscriptions" } });
  });
});

describe("a batch", () => {
  const batch = (count: number) => Array.from({ length: count }, (_, id) => ({ ...PING, id }));
  let older: RawSession;
  beforeAll(async () => {
    older = await RawSession.begin(url, { revision: "2025-03-26" });
  });

  it.each([1, 2, 20])("of %d messages is answered in the revision that has batches", async (count) => {
    const response = await promptly(() => older.post(batch(count)));
    const answers = (await response.json()) as { id: number }[];
    expect(answers.map(({ id }) => id).sort((a, b) => a - b)).toEqual(batch(count).map(({ id }) => id));
  });

  it("of tools, lists and notifications answers the requests", async () => {
    const messages = [
      { ...CALL, id: "call" },
      { jsonrpc: "2.0", method: "notifications/initialized" },
      { jsonrpc: "2.0", id: "list", method: "tools/list" }
    ];
    const response = await promptly(() => older.post(messages));
    const answers = (await response.json()) as { id: string; result: object }[];
    expect(new Map(answers.map(({ id, result }) => [id, Object.keys(result)]))).toEqual(
      new Map([
        ["call", ["content", "structuredContent"]],
        ["list", ["tools"]]
      ])
    );
  });

  it("of notifications alone is 202", async () => {
    expect((await older.post([{ jsonrpc: "2.0", method: "notifications/initialized" }])).status).toBe(202);
  });

  it.each([
    ["over 20 messages", batch(21)],
    ["with two initialize", [INITIALIZE, INITIALIZE]],
    ["with one initialize", [INITIALIZE]]
  ])("%s is 400", async (_, body) => {
    expect(await outcome(await older.post(body))).toEqual([400, -32600]);
  });

  it("that initializes is 400, though it has no session", async () => {
    const body = JSON.stringify([INITIALIZE, { ...INITIALIZE, id: 2 }]);
    expect(await outcome(await fetch(url, { method: "POST", headers: MCP_HEADERS, body }))).toEqual([400, -32600]);
  });

  it("is 400 in every other revision", async () => {
    expect(await outcome(await session.post(batch(2)))).toEqual([400, -32600]);
  });
});

describe("a notification or a response", () => {
  it.each([
    { jsonrpc: "2.0", method: "notifications/initialized" },
    { jsonrpc: "2.0", method: "notifications/none" },
    { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 99 } },
    { jsonrpc: "2.0", id: "nobody:1", result: {} }
  ])("%j is 202 without a body", async (message) => {
    const response = await session.post(message);
    expect([response.status, await response.text()]).toEqual([202, ""]);
  });
});
