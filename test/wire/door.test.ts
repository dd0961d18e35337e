import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiKeyName, createApiKey } from "../../src/auth/api-key.ts";
import { DEPLOYED, startServer, type TestServer } from "../support/server.ts";
import { MCP_HEADERS, type Received } from "../support/session.ts";

interface Answer {
  readonly status: number;
  readonly challenge: string | undefined;
  readonly body: Received;
}

const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "door", version: "1" } }
};

/** `fetch` does not let a test choose the Host. */
function post(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", headers: { ...MCP_HEADERS, ...headers } }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, challenge: response.headers["www-authenticate"], body: JSON.parse(text) as Received })
      );
    });
    sent.on("error", reject);
    sent.end(JSON.stringify(INITIALIZE));
  });
}

describe("a local server", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server?.close());

  it.each([
    ["loopback without a page", {}, 200],
    ["a page on loopback", { origin: "http://localhost:6274" }, 200],
    ["a page elsewhere", { origin: "https://evil.example" }, 403],
    ["a sandboxed page", { origin: "null" }, 403],
    ["a name that was rebound to loopback", { host: "evil.example" }, 403],
    ["a made-up key", { authorization: `Bearer ${createApiKey().key}` }, 401]
  ])("answers %s with its status", async (_, headers, status) => {
    expect((await post(`${server.url}/mcp`, headers)).status).toBe(status);
  });
});

describe("a deployed server", () => {
  let server: TestServer;
  const good = createApiKey();
  const expired = createApiKey();
  const rotated = createApiKey(good.kid);
  const host = "dormouse.example.workers.dev";
  const bearer = (key: string) => ({ host, authorization: `Bearer ${key}` });

  beforeAll(async () => {
    server = await startServer({ settings: { ...DEPLOYED, ALLOWED_ORIGINS: "https://app.example" } });
  });
  afterAll(() => server?.close());

  describe("with a key", () => {
    beforeAll(async () => {
      const { KEYS } = (await server.worker.getEnv()) as { KEYS: { put(name: string, value: string): Promise<void> } };
      const record = { scopes: ["mcp:use", "github:read"], created: 0 };
      await KEYS.put(apiKeyName(good.kid), JSON.stringify({ ...record, hash: good.hash }));
      await KEYS.put(apiKeyName(expired.kid), JSON.stringify({ ...record, hash: expired.hash, expires: 1 }));
    });

    it("lets its holder in, under any Host that reached it", async () => {
      expect((await post(`${server.url}/mcp`, bearer(good.key))).body.result).toMatchObject({ serverInfo: { name: "dormouse" } });
    });

    it.each([
      ["a key that was never made", bearer(createApiKey().key)],
      ["another secret under a kid that exists", bearer(rotated.key)],
      ["an expired key", bearer(expired.key)],
      ["a malformed key", bearer("dm_nonsense")],
      ["two credentials", { host, authorization: `Bearer ${good.key}, Bearer ${good.key}` }],
      ["another scheme", { host, authorization: `Basic ${Buffer.from(`a:${good.key}`).toString("base64")}` }]
    ])("refuses %s", async (_, headers) => {
      const { status, challenge, body } = await post(`${server.url}/mcp`, headers);
      expect([status, challenge, body.error?.data?.reason]).toEqual([
        401,
        'Bearer realm="dormouse", error="invalid_token"',
        "invalid_token"
      ]);
    });

    it("refuses a token in the address", async () => {
      expect((await post(`${server.url}/mcp?access_token=${good.key}`, bearer(good.key))).status).toBe(401);
    });

    it.each([
      ["an allowed page", "https://app.example", 200],
      ["a page that is not allowed", "https://evil.example", 403],
      ["a page on the visitor's own machine", "http://localhost:3000", 403]
    ])("answers %s with its status", async (_, origin, status) => {
      expect((await post(`${server.url}/mcp`, { ...bearer(good.key), origin })).status).toBe(status);
    });

    it("tells its health to anybody, and no secrets", async () => {
      const text = await (await fetch(`${server.url}/health`)).text();
      expect(JSON.parse(text)).toMatchObject({ name: "dormouse", status: expect.any(String), missing: expect.any(Array) });
      expect(text).not.toContain(DEPLOYED.DORMOUSE_SECRET);
    });
  });
});

describe("a server without a key", () => {
  it.each([{}, { authorization: `Bearer ${createApiKey().key}` }])("serves nothing and names the command (%#)", async (headers) => {
    const server = await startServer({ settings: DEPLOYED });
    try {
      const { status, body } = await post(`${server.url}/mcp`, { host: "dormouse.example.workers.dev", ...headers });
      expect([status, body.error?.message]).toEqual([503, expect.stringContaining("npm run keys -- create --remote")]);
    } finally {
      await server.close();
    }
  });
});

describe("a server without its secret", () => {
  it.each([
    ["none at all", { DORMOUSE_LOCAL: "", DORMOUSE_SECRET: "" }],
    ["the public one of local mode", { DORMOUSE_LOCAL: "", DORMOUSE_SECRET: "local-only-this-secret-is-public" }]
  ])("serves nothing and names the command: %s", async (_, settings) => {
    const server = await startServer({ settings });
    try {
      const { status, body } = await post(`${server.url}/mcp`, { host: "dormouse.example.workers.dev" });
      expect([status, body.error?.message]).toEqual([503, "DORMOUSE_SECRET is not set. Run: npm run deploy"]);
    } finally {
      await server.close();
    }
  });
});
