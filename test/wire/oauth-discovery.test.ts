import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OAuthServer, startOAuthServer } from "../support/oauth-server.ts";
import { createPrincipal, DEPLOYED, startServer, type TestServer } from "../support/server.ts";

const RESOURCE = "/.well-known/oauth-protected-resource";
const SERVER = "/.well-known/oauth-authorization-server";

let server: OAuthServer;
beforeAll(async () => {
  server = await startOAuthServer();
});
afterAll(() => server?.close());

const challengeOf = async (url: string, headers: Record<string, string> = {}) => {
  const response = await fetch(url, { method: "POST", headers, body: "{}" });
  await response.body?.cancel();
  return { status: response.status, challenge: response.headers.get("www-authenticate") };
};

describe("a request without credentials", () => {
  it.each([
    ["/mcp", "/mcp"],
    ["/mcp/readonly", "/mcp/readonly"],
    ["/mcp/x/repositories", "/mcp/x/repositories"],
    ["/mcp/x/repositories/readonly", "/mcp/x/repositories/readonly"],
    ["/mcp/x/all", "/mcp/x/all"],
    ["/mcp/", "/mcp"],
    ["/mcp/x/nothing", "/mcp"],
    ["/mcp/x/a%22b", "/mcp"]
  ])("at %s is told where %s is described, and which scopes to ask for", async (path, described) => {
    expect(await challengeOf(server.url + path)).toEqual({
      status: 401,
      challenge: `Bearer realm="dormouse", resource_metadata="${server.url}${RESOURCE}${described}", scope="mcp:use github:read"`
    });
  });

  it("is told what is wrong with credentials that it has", async () => {
    const { status, challenge } = await challengeOf(server.mcp, { authorization: "Bearer 1:made:up" });
    expect([status, challenge]).toEqual([401, expect.stringContaining('error="invalid_token", resource_metadata="')]);
  });
});

describe("the metadata of a resource", () => {
  it.each(["", "/readonly", "/x/all", "/x/all/readonly", "/x/repositories", "/x/history/readonly"])(
    "of /mcp%s names that very address",
    async (path) => {
      const response = await fetch(`${server.url}${RESOURCE}/mcp${path}`);
      expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
      expect(await response.json()).toEqual({
        resource: `${server.mcp}${path}`,
        authorization_servers: [server.url],
        scopes_supported: ["mcp:use", "github:read"],
        bearer_methods_supported: ["header"],
        resource_name: expect.any(String)
      });
    }
  );

  it.each(["", "/", "/mcp/", "/mcp/x/nothing", "/mcp/readonly/x/all", "/other", "/mcp/x/all/readonly/more"])(
    "is not at %j",
    async (path) => {
      expect((await fetch(`${server.url}${RESOURCE}${path}`)).status).toBe(404);
    }
  );

  it("can be read by any page", async () => {
    const preflight = await fetch(`${server.url}${RESOURCE}/mcp`, {
      method: "OPTIONS",
      headers: { origin: "https://page.example", "access-control-request-method": "GET" }
    });
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
    expect(preflight.headers.get("access-control-allow-headers")).toMatch(/MCP-Protocol-Version/i);
    const read = await fetch(`${server.url}${RESOURCE}/mcp`, { headers: { origin: "https://page.example" } });
    expect([read.status, read.headers.get("access-control-allow-origin")]).toEqual([200, "*"]);
  });

  it("is read, not written", async () => {
    const response = await fetch(`${server.url}${RESOURCE}/mcp`, { method: "POST" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
    const head = await fetch(`${server.url}${RESOURCE}/mcp`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });
});

describe("the metadata of the authorization server", () => {
  it("says what clients look for", async () => {
    const response = await fetch(server.url + SERVER, { headers: { origin: "https://page.example" } });
    expect([response.status, response.headers.has("access-control-allow-origin")]).toEqual([200, true]);
    const metadata = (await response.json()) as Record<string, unknown>;
    expect(metadata).toMatchObject({
      issuer: server.url,
      authorization_endpoint: `${server.url}/authorize`,
      token_endpoint: `${server.url}/oauth/token`,
      registration_endpoint: `${server.url}/oauth/register`,
      revocation_endpoint: `${server.url}/oauth/token`,
      response_types_supported: ["code"],
      grant_types_supported: ["authorization_code", "refresh_token"],
      code_challenge_methods_supported: ["S256"],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
      scopes_supported: ["mcp:use", "mcp:delete", "github:read", "github:write", "offline_access"]
    });
    expect(metadata.token_endpoint_auth_methods_supported).toContain("none");
  });
});

describe("where nobody can sign in", () => {
  let closed: TestServer;
  beforeAll(async () => {
    closed = await startServer({ settings: DEPLOYED });
    await createPrincipal(closed);
  });
  afterAll(() => closed?.close());

  it.each([RESOURCE, `${RESOURCE}/mcp`, SERVER, "/authorize", "/callback", "/oauth/token", "/oauth/register"])(
    "%s is not there",
    async (path) => {
      const post = path.startsWith("/oauth/");
      const response = await fetch(closed.url + path, post ? { method: "POST", body: "{}" } : {});
      expect([response.status, (await response.json()) as object]).toEqual([
        404,
        { jsonrpc: "2.0", error: expect.objectContaining({ data: { reason: "no_such_path" } }) }
      ]);
    }
  );

  it("a challenge names no way to sign in", async () => {
    expect(await challengeOf(`${closed.url}/mcp`)).toEqual({ status: 401, challenge: 'Bearer realm="dormouse"' });
  });
});
