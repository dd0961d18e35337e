import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../support/server.ts";
import { RawSession, readMessages } from "../support/session.ts";
import { envelope, RawStateless, REVISION, toHeaders } from "../support/stateless.ts";

let server: TestServer;
let url: string;
let client: RawStateless;

beforeAll(async () => {
  server = await startServer({ configPath: "test/fixtures/wrangler.toml", settings: { ALLOWED_ORIGINS: "https://app.example" } });
  url = `${server.url}/mcp`;
  client = new RawStateless(url);
});
afterAll(() => server?.close());

/** What a row looks at: the HTTP status, the JSON-RPC code and whose answer it is. */
const outcome = async (response: Response): Promise<[number, number | undefined, unknown]> => {
  const [message] = await readMessages(response);
  return [response.status, message?.error?.code, message?.id];
};

const CLAIM = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES = "io.modelcontextprotocol/clientCapabilities";
const CLIENT = "io.modelcontextprotocol/clientInfo";
const LOG_LEVEL = "io.modelcontextprotocol/logLevel";

describe("server/discover", () => {
  it("says which revisions there are, what the server can do and who it is", async () => {
    const [message] = await client.request("server/discover");
    expect(message?.result).toMatchObject({
      resultType: "complete",
      supportedVersions: [REVISION],
      capabilities: { tools: { listChanged: true }, resources: { subscribe: true } },
      ttlMs: expect.any(Number),
      cacheScope: "public",
      _meta: { "io.modelcontextprotocol/serverInfo": { name: "dormouse-writes", version: "0.0.0" } }
    });
  });
});

describe("a list", () => {
  it.each(["tools/list", "prompts/list", "resources/list", "resources/templates/list"])(
    "%s says how long it may be kept",
    async (method) => {
      const [message] = await client.request(method);
      expect(message?.result).toMatchObject({ resultType: "complete", ttlMs: expect.any(Number), cacheScope: "public", _meta: {} });
    }
  );

  it("refuses a cursor that it did not return", async () => {
    expect(await outcome(await client.post("tools/list", { cursor: "1" }, { id: 7 }))).toEqual([200, -32602, 7]);
  });
});

describe("the envelope", () => {
  it.each<[string, Record<string, unknown>, number | undefined, number | undefined]>([
    ["without a revision", { [CLAIM]: undefined }, 400, -32602],
    ["whose revision is no text", { [CLAIM]: 1 }, 400, -32602],
    ["without capabilities", { [CAPABILITIES]: undefined }, 400, -32602],
    ["whose capabilities are no object", { [CAPABILITIES]: [] }, 400, -32602],
    ["without the client's name", { [CLIENT]: undefined }, 200, undefined],
    ["whose client has no version", { [CLIENT]: { name: "a" } }, 400, -32602],
    ["with a level that is not there", { [LOG_LEVEL]: "loud" }, 400, -32602],
    ["with a progress token that is an object", { progressToken: {} }, 400, -32602]
  ])("%s", async (_, meta, status, code) => {
    for (const method of ["server/discover", "tools/call"]) {
      expect(await outcome(await client.post(method, { name: "echo", arguments: { text: "a" } }, { meta, id: "x" }))).toEqual([
        status,
        code,
        "x"
      ]);
    }
  });

  it("is required", async () => {
    for (const params of [undefined, {}, { _meta: null }]) {
      const body = { jsonrpc: "2.0", id: 1, method: "server/discover", params };
      expect(await outcome(await client.send(body, toHeaders("server/discover")))).toEqual([400, -32602, 1]);
    }
  });

  it("decides the era, whatever the header says", async () => {
    const withoutHeader = { headers: { "mcp-protocol-version": undefined } };
    expect(await outcome(await client.post("server/discover", {}, { ...withoutHeader, id: 1 }))).toEqual([400, -32020, 1]);
    const claimsOlder = { meta: { [CLAIM]: "2025-11-25" }, headers: { "mcp-protocol-version": "2025-11-25" } };
    expect(await outcome(await client.post("tools/list", {}, { ...claimsOlder, id: 2 }))).toEqual([400, -32022, 2]);
  });
});

describe("a revision", () => {
  it("that nobody serves is refused with those that are", async () => {
    const [message] = await client.request(
      "server/discover",
      {},
      { meta: { [CLAIM]: "v999.0.0" }, headers: { "mcp-protocol-version": "v999.0.0" } }
    );
    expect(message?.error).toMatchObject({ code: -32022, data: { supported: [REVISION], requested: "v999.0.0" } });
  });

  it("of the header that differs from the envelope's is a mismatch first", async () => {
    expect(await outcome(await client.post("server/discover", {}, { meta: { [CLAIM]: "v999.0.0" }, id: 1 }))).toEqual([400, -32020, 1]);
  });
});

describe("a mirrored header", () => {
  const call = { name: "echo", arguments: { text: "a" } };
  const encoded = (text: string) => `=?base64?${Buffer.from(text).toString("base64")}?=`;

  it.each<[string, string, Record<string, unknown>, Record<string, string | undefined>, number, number | undefined]>([
    ["Mcp-Method missing", "tools/list", {}, { "mcp-method": undefined }, 400, -32020],
    ["Mcp-Method of another method", "tools/list", {}, { "mcp-method": "prompts/list" }, 400, -32020],
    ["Mcp-Method in other letters", "tools/list", {}, { "mcp-method": "TOOLS/LIST" }, 400, -32020],
    ["Mcp-Name missing", "tools/call", call, { "mcp-name": undefined }, 400, -32020],
    ["Mcp-Name of another tool", "tools/call", call, { "mcp-name": "ask_name" }, 400, -32020],
    ["Mcp-Name within white space", "tools/call", call, { "mcp-name": " \t echo " }, 200, undefined],
    ["Mcp-Name encoded", "tools/call", call, { "mcp-name": encoded("echo") }, 200, undefined],
    ["Mcp-Name encoded wrongly", "tools/call", call, { "mcp-name": "=?base64?ZWNobw?=" }, 400, -32020],
    ["Mcp-Name encoded as no UTF-8", "tools/call", call, { "mcp-name": "=?base64?/w==?=" }, 400, -32020],
    ["Mcp-Name of another prompt", "prompts/get", { name: "greeting" }, { "mcp-name": "x" }, 400, -32020],
    ["Mcp-Name of another resource", "resources/read", { uri: "calls://recent" }, { "mcp-name": "x" }, 400, -32020],
    ["Mcp-Name where nothing is named", "tools/list", {}, { "mcp-name": "x" }, 200, undefined],
    ["Mcp-Name where the body names nothing", "tools/call", {}, {}, 200, -32602]
  ])("%s", async (_, method, params, headers, status, code) => {
    expect(await outcome(await client.post(method, params, { headers, id: 3 }))).toEqual([status, code, 3]);
  });

  it.each<[string, object, Record<string, string>, number, number | undefined]>([
    ["equal", { region: "eu" }, { "mcp-param-region": "eu" }, 200, undefined],
    ["encoded", { region: "é" }, { "mcp-param-region": encoded("é") }, 200, undefined],
    ["encoded without padding", { region: "Hello" }, { "mcp-param-region": "=?base64?SGVsbG8?=" }, 400, -32020],
    ["missing", { region: "eu" }, {}, 400, -32020],
    ["another", { region: "eu" }, { "mcp-param-region": "us" }, 400, -32020],
    ["for a value that is not there", {}, { "mcp-param-region": "us" }, 200, undefined],
    ["a number written otherwise", { count: 42 }, { "mcp-param-count": "42.0" }, 200, undefined],
    ["another number", { count: 42 }, { "mcp-param-count": "43" }, 400, -32020],
    ["deep in the arguments", { deep: { isDry: true } }, { "mcp-param-dry": "true" }, 200, undefined],
    ["deep, and another", { deep: { isDry: true } }, { "mcp-param-dry": "false" }, 400, -32020],
    ["for a value that the schema refuses", { region: {} }, {}, 200, undefined]
  ])("Mcp-Param %s", async (_, args, headers, status, code) => {
    expect(await outcome(await client.post("tools/call", { name: "mirrored", arguments: args }, { headers, id: 4 }))).toEqual([
      status,
      code,
      4
    ]);
  });

  it("Mcp-Param may be sent by a page", async () => {
    const headers = { origin: "https://app.example", "access-control-request-headers": "mcp-param-region, x-other" };
    const response = await fetch(url, { method: "OPTIONS", headers });
    expect(response.headers.get("access-control-allow-headers")).toMatch(/, mcp-param-region$/);
  });
});

describe("a method", () => {
  it.each(["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "tasks/get", "none", "toString"])(
    "%s is 404",
    async (method) => {
      expect(await outcome(await client.post(method, {}, { id: 5 }))).toEqual([404, -32601, 5]);
    }
  );

  it("of HTTP other than POST is 405", async () => {
    for (const method of ["GET", "DELETE", "PUT"]) {
      const response = await fetch(url, { method, headers: { "mcp-protocol-version": REVISION, accept: "text/event-stream" } });
      expect([method, response.status, response.headers.get("allow")]).toEqual([method, 405, "POST"]);
    }
  });
});

describe("params", () => {
  it.each<[string, Record<string, unknown>]>([
    ["tools/call", { name: "drop_tables" }],
    ["tools/call", { name: 1 }],
    ["tools/call", { name: "echo", arguments: [] }],
    ["prompts/get", { name: "none" }],
    ["completion/complete", {}],
    ["subscriptions/listen", {}],
    ["subscriptions/listen", { notifications: { toolsListChanged: 1 } }],
    ["subscriptions/listen", { notifications: { resourceSubscriptions: "calls://recent" } }]
  ])("%s %j is 200 -32602", async (method, params) => {
    expect(await outcome(await client.post(method, params, { id: 6 }))).toEqual([200, -32602, 6]);
  });

  it("of a resource that is not there are told by its URI alone", async () => {
    const uri = `nothing://${"x".repeat(300)}`;
    const [message] = await client.request("resources/read", { uri });
    expect(message?.error).toMatchObject({ code: -32602, data: { uri } });
    expect(Object.keys(message?.error?.data ?? {})).toEqual(["uri"]);
  });

  it("that fail a tool's schema name the field", async () => {
    expect(await client.call("echo", { text: 1 })).toMatchObject({ isError: true, content: [{ text: expect.stringContaining("text: ") }] });
  });
});

describe("what this era does not have", () => {
  const ask = (id: number) => ({ jsonrpc: "2.0", id, method: "tools/list", params: { _meta: envelope() } });

  it.each<[string, unknown]>([
    ["a batch", [ask(1), ask(2)]],
    ["a batch of one", [ask(1)]],
    ["a response", { jsonrpc: "2.0", id: 1, result: {} }]
  ])("%s is 400", async (_, body) => {
    expect(await outcome(await client.send(body, toHeaders("tools/list")))).toEqual([400, -32600, undefined]);
  });

  it("a session id is ignored", async () => {
    for (const id of ["none", (await RawSession.begin(url)).id]) {
      const response = await client.post("tools/call", { name: "echo", arguments: { text: "a" } }, { headers: { "mcp-session-id": id } });
      expect([response.status, response.headers.get("mcp-session-id")]).toEqual([200, null]);
    }
  });
});

describe("a notification", () => {
  const notify = (meta: object | undefined, headers: Record<string, string> = {}) => {
    const method = "notifications/cancelled";
    const body = { jsonrpc: "2.0", method, params: { requestId: 1, ...(meta && { _meta: meta }) } };
    const all = toHeaders(method);
    return client.send(body, { ...all, ...headers });
  };

  it("is 202 without a body", async () => {
    for (const meta of [undefined, envelope(), { [CLAIM]: REVISION }]) {
      const response = await notify(meta);
      expect([response.status, await response.text()]).toEqual([202, ""]);
    }
  });

  it("is refused where what it says does not agree", async () => {
    expect(await outcome(await notify({ [CLAIM]: 1 }))).toEqual([400, -32602, undefined]);
    expect(await outcome(await notify({ [CLAIM]: "2099-01-01" }))).toEqual([400, -32020, undefined]);
    expect(await outcome(await notify(undefined, { "mcp-method": "tools/call" }))).toEqual([400, -32020, undefined]);
    expect(await outcome(await notify(undefined, { "mcp-protocol-version": "2099-01-01" }))).toEqual([400, -32022, undefined]);
  });
});

describe("Accept", () => {
  it.each(["application/json", "text/plain", "*/*"])("%s gets JSON", async (accept) => {
    const response = await client.post("tools/call", { name: "echo", arguments: { text: "a" } }, { headers: { accept } });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
  });

  it("without a stream cannot listen", async () => {
    const params = { notifications: { toolsListChanged: true } };
    expect(await outcome(await client.post("subscriptions/listen", params, { headers: { accept: "application/json" }, id: 8 }))).toEqual([
      406, -32600, 8
    ]);
  });
});

describe("a client that did not say that it can be asked", () => {
  it("is told what it lacks, all of it, before anything is asked", async () => {
    const response = await client.post("tools/call", { name: "ask_all", arguments: {} }, { capabilities: { roots: {} }, id: 9 });
    const [message] = await readMessages(response);
    expect([response.status, message?.id]).toEqual([400, 9]);
    expect(message?.error).toMatchObject({
      code: -32021,
      data: { requiredCapabilities: { elicitation: { form: {}, url: {} }, sampling: {} } }
    });
    const { structuredContent } = await client.call("list_calls", { tool: "ask_all" });
    expect(structuredContent?.calls).toMatchObject([{ outcome: "error" }]);
  });

  it("of a prompt is told so as well", async () => {
    expect(await outcome(await client.post("prompts/get", { name: "greeting" }, { id: 10 }))).toEqual([400, -32021, 10]);
  });
});
