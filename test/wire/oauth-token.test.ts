import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Browser } from "../support/browser.ts";
import { type OAuthServer, startOAuthServer } from "../support/oauth-server.ts";
import { MCP_HEADERS } from "../support/session.ts";
import { bearer, decide, OAuthClient, type Tokens } from "../support/sign-in.ts";

let server: OAuthServer;
let client: OAuthClient;
let other: OAuthClient;
beforeAll(async () => {
  server = await startOAuthServer();
  client = await OAuthClient.register(server.url);
  other = await OAuthClient.register(server.url);
});
afterAll(() => server?.close());
afterEach(() => server.github.reset());

const authorize = (parameters: Record<string, string | undefined> = {}) => client.authorize({ login: "alice", parameters });

const refusalOf = async (response: Response) => ({ status: response.status, ...((await response.json()) as object) });

/** The status that a token gets at an address: 400 is that of a body that is not JSON. */
async function statusOf(tokens: Tokens, url = server.mcp): Promise<number> {
  const response = await fetch(url, { method: "POST", headers: { ...MCP_HEADERS, ...bearer(tokens) }, body: "-" });
  await response.body?.cancel();
  return response.status;
}

const grantOf = ({ access_token }: Tokens): string => `grant:${access_token.split(":").slice(0, 2).join(":")}`;
const refresh = (token: string, parameters: Record<string, string> = {}) =>
  client.token({ grant_type: "refresh_token", refresh_token: token, ...parameters });
const refreshed = async (token: string, parameters?: Record<string, string>) => {
  const response = await refresh(token, parameters);
  expect(response.status).toBe(200);
  return (await response.json()) as Tokens;
};

describe("a code", () => {
  it("comes from this server, with what the client sent along", async () => {
    const { back } = await authorize({ state: "of the client" });
    expect(Object.fromEntries(back.searchParams)).toEqual({ code: expect.any(String), state: "of the client", iss: server.url });
    expect(server.github.tokensAt("/user")).toHaveLength(1);
  });

  it("comes once: the way back from GitHub leads nowhere again", async () => {
    const browser = new Browser();
    const page = await browser.open(client.begin().url);
    const options = { stopAt: `${server.url}/callback` };
    const { url } = await browser.submit(`${server.url}/authorize`, decide(page, "approve"), options);
    expect((await browser.open(url, { stopAt: client.redirectUri })).url).toContain("code=");
    const grants = await server.rows("grant:");
    const again = await browser.open(url, { stopAt: client.redirectUri });
    expect([again.status, again.url, await server.rows("grant:")]).toEqual([400, url, grants]);
  });

  it.each([
    ["another verifier", { code_verifier: "v".repeat(43) }, 400, "invalid_grant"],
    ["no verifier", { code_verifier: "" }, 400, "invalid_request"],
    ["another address", { redirect_uri: "https://evil.example/callback" }, 400, "invalid_grant"],
    ["another port", { redirect_uri: "http://127.0.0.1:2/callback" }, 400, "invalid_grant"],
    ["a toolset's resource", { resource: "PATH/mcp/x/all" }, 400, "invalid_target"],
    ["another server's resource", { resource: "https://other.example/mcp" }, 400, "invalid_target"],
    ["none of its scopes", { scope: "aws:read" }, 400, "invalid_scope"],
    ["another grant type", { grant_type: "password" }, 400, "unsupported_grant_type"],
    ["an exchange of tokens", { grant_type: "urn:ietf:params:oauth:grant-type:token-exchange" }, 400, "unsupported_grant_type"],
    ["a secret that the client has not", { client_secret: "guess" }, 401, "invalid_client"],
    ["an unknown client", { client_id: "nobody" }, 401, "invalid_client"],
    ["a client whose name is longer than any", { client_id: "n".repeat(600) }, 401, "invalid_client"],
    ["another code", { code: "1:made:up" }, 400, "invalid_grant"],
    ["a code that is longer than any", { code: `1:${"m".repeat(600)}:up` }, 400, "invalid_grant"],
    ["what is no code", { code: "made up" }, 400, "invalid_grant"]
  ])("is worth nothing with %s, and still good", async (_, parameters: Record<string, string>, status, error) => {
    const { code, verifier } = await authorize();
    const resource = parameters.resource?.replace("PATH", server.url);
    const before = await server.rows("token:");
    const refused = await client.redeem(code, verifier, { ...parameters, ...(resource !== undefined && { resource }) });
    expect(await refusalOf(refused)).toMatchObject({ status, error });
    expect([refused.headers.get("cache-control"), await server.rows("token:")]).toEqual(["no-store", before]);
    expect((await client.redeem(code, verifier)).status).toBe(200);
  });

  it("is worth nothing to another client", async () => {
    const { code, verifier } = await authorize();
    const answer = await other.token({ grant_type: "authorization_code", code, code_verifier: verifier, redirect_uri: other.redirectUri });
    expect(await refusalOf(answer)).toMatchObject({ status: 400, error: "invalid_grant" });
  });

  it("works once; the second time ends what the first began", async () => {
    const { code, verifier } = await authorize();
    const tokens = (await (await client.redeem(code, verifier)).json()) as Tokens;
    expect(await refusalOf(await client.redeem(code, verifier))).toMatchObject({ status: 400, error: "invalid_grant" });
    expect(await statusOf(tokens)).toBe(401); // asked for the first time here: what was read of a token is believed for 30 s
    expect(await server.rows(grantOf(tokens))).toEqual([]);
    expect(await refusalOf(await refresh(tokens.refresh_token))).toMatchObject({ status: 400, error: "invalid_grant" });
  });

  it("grants what the person agreed to, whatever a form adds", async () => {
    const tokens = await server.signIn(client, {
      grant: ["mcp:delete", "aws:read", "admin", "*"],
      parameters: { scope: "mcp:use aws:read" }
    });
    expect(tokens.scope).toBe("mcp:use mcp:delete offline_access");
    expect(await server.readRow(grantOf(tokens))).toMatchObject({ scope: ["mcp:use", "mcp:delete", "offline_access"] });
  });
});

describe("the token endpoint", () => {
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/oauth/token`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
      body
    });

  it("takes small forms only", async () => {
    expect(await refusalOf(await post(`client_id=${client.id}&more=${"x".repeat(64 * 1024)}`))).toMatchObject({
      status: 413,
      error: "invalid_request"
    });
    expect(await refusalOf(await post("{}", { "content-type": "application/json" }))).toMatchObject({
      status: 400,
      error: "invalid_request"
    });
    expect((await fetch(`${server.url}/oauth/token`)).status).toBe(405);
  });

  it("refuses a parameter that comes twice", async () => {
    expect(await refusalOf(await post(`client_id=${client.id}&grant_type=refresh_token&grant_type=refresh_token`))).toMatchObject({
      status: 400,
      error: "invalid_request"
    });
  });

  const INTERNAL = "https://localhost/client.json";
  const basic = (name: string) => Buffer.from(`${encodeURIComponent(name)}:secret`).toString("base64");
  const assertion = (claims: string) =>
    [JSON.stringify({ alg: "ES256" }), claims, "x"].map((part) => Buffer.from(part).toString("base64url")).join(".");
  const asserted = (claims: string) =>
    new URLSearchParams({
      grant_type: "refresh_token",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion(claims)
    }).toString();

  it.each([
    ["its form", `grant_type=refresh_token&client_id=${encodeURIComponent(INTERNAL)}`, {}],
    ["its second name", `client_id=&client_id=${encodeURIComponent(INTERNAL)}`, {}],
    ["Basic credentials", "grant_type=refresh_token", { authorization: `Basic ${basic(INTERNAL)}` }],
    ["Basic credentials behind a tab", "grant_type=refresh_token", { authorization: `Basic\t${basic(INTERNAL)}` }],
    ["Basic credentials with blanks around", "grant_type=refresh_token", { authorization: `basic   ${basic(INTERNAL)}` }],
    ["an assertion", asserted(JSON.stringify({ iss: INTERNAL })), {}],
    ["an assertion behind a mark of its encoding", asserted(`\ufeff${JSON.stringify({ iss: INTERNAL })}`), {}]
  ])("fetches nothing from inside for the client that %s name", async (_, body, headers) => {
    const answer = await refusalOf(await post(body, headers));
    expect(answer).toEqual({ status: 401, error: "invalid_client", error_description: expect.stringContaining("is not public") });
  });
});

describe("a refresh", () => {
  it("gives other tokens; who lost the answer may ask for it once more", async () => {
    const first = await server.signIn(client);
    const second = await refreshed(first.refresh_token);
    expect(second).toMatchObject({ scope: first.scope, resource: first.resource, expires_in: 3600 });
    const third = await refreshed(first.refresh_token);
    const fourth = await refreshed(third.refresh_token);
    expect(await refusalOf(await refresh(first.refresh_token))).toMatchObject({ status: 400, error: "invalid_grant" });
    const all = [first, second, third, fourth];
    // Who asks again at once gets the very same; see refreshOnce.
    for (const given of [second, third, fourth]) expect([first.access_token, first.refresh_token]).not.toContain(given.refresh_token);
    expect(fourth.refresh_token).not.toBe(third.refresh_token);
    expect(await Promise.all(all.map((tokens) => statusOf(tokens)))).toEqual([400, 400, 400, 400]); // each until it ends
  });

  it("narrows the scopes when asked to, and never widens them", async () => {
    const tokens = await server.signIn(client);
    expect(tokens.scope).toBe("mcp:use github:read offline_access");
    expect((await refreshed(tokens.refresh_token, { scope: "mcp:use" })).scope).toBe("mcp:use");
    expect((await refreshed(tokens.refresh_token, { scope: "mcp:use github:write aws:read" })).scope).toBe("mcp:use");
    expect(await refusalOf(await refresh(tokens.refresh_token, { scope: "github:write" }))).toMatchObject({
      status: 400,
      error: "invalid_scope"
    });
    expect((await refreshed(tokens.refresh_token)).scope).toBe(tokens.scope);
  });

  it.each([
    ["for another resource", { resource: "PATH/mcp/x/all" }, "invalid_target"],
    ["with a token that is longer than any", { refresh_token: `1:${"r".repeat(600)}:x` }, "invalid_grant"],
    ["with a token that was made up", { refresh_token: "1:made:up" }, "invalid_grant"],
    ["with what is no token", { refresh_token: "made up" }, "invalid_grant"],
    ["without a token", { refresh_token: "" }, "invalid_request"]
  ])("is refused %s", async (_, parameters: Record<string, string>, error) => {
    const { refresh_token } = await server.signIn(client);
    const resource = parameters.resource?.replace("PATH", server.url);
    const answer = await refresh(refresh_token, { ...parameters, ...(resource !== undefined && { resource }) });
    expect(await refusalOf(answer)).toMatchObject({ status: 400, error });
  });

  it("is refused to another client, and with an access token", async () => {
    const { refresh_token, access_token } = await server.signIn(client);
    expect(await refusalOf(await other.token({ grant_type: "refresh_token", refresh_token }))).toMatchObject({ error: "invalid_grant" });
    expect(await refusalOf(await refresh(access_token))).toMatchObject({ status: 400, error: "invalid_grant" });
  });
});

describe("a revocation", () => {
  it("of an access token ends that one", async () => {
    const tokens = await server.signIn(client);
    expect((await client.token({ token: tokens.access_token })).status).toBe(200);
    expect(await statusOf(tokens)).toBe(401);
    expect(await statusOf(await refreshed(tokens.refresh_token))).toBe(400);
  });

  it("of a refresh token ends all", async () => {
    const tokens = await server.signIn(client);
    expect((await client.token({ token: tokens.refresh_token, token_type_hint: "refresh_token" })).status).toBe(200);
    expect(await refusalOf(await refresh(tokens.refresh_token))).toMatchObject({ status: 400, error: "invalid_grant" });
    expect([await statusOf(tokens), await server.rows(grantOf(tokens))]).toEqual([401, []]);
  });

  it("by another client ends nothing, and says nothing", async () => {
    const tokens = await server.signIn(client);
    expect((await other.token({ token: tokens.access_token })).status).toBe(200);
    expect((await other.token({ token: tokens.refresh_token })).status).toBe(200);
    expect(await statusOf(tokens)).toBe(400);
    expect((await refresh(tokens.refresh_token)).status).toBe(200);
  });

  it("of what was made up is no failure", async () => {
    expect((await client.token({ token: "1:made:up" })).status).toBe(200);
    expect((await client.token({ token: "made up" })).status).toBe(200);
    expect((await client.token({ token: `1:${"m".repeat(600)}:up` })).status).toBe(200);
  });
});
