import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OAuthServer, SERVER_TOKEN, startOAuthServer } from "../support/oauth-server.ts";
import { createPrincipal } from "../support/server.ts";
import { MCP_HEADERS, RawSession, type Received } from "../support/session.ts";
import { bearer, OAuthClient, type Tokens } from "../support/sign-in.ts";
import { RawSocket, upgradeStatus } from "../support/socket.ts";
import { RawStateless } from "../support/stateless.ts";

let server: OAuthServer;
let client: OAuthClient;
beforeAll(async () => {
  server = await startOAuthServer();
  client = await OAuthClient.register(server.url);
});
afterAll(() => server?.close());

/** What a request without a body is answered with: 400 once its credentials are good. */
function send(authorization: string | readonly string[], path = "/mcp"): Promise<{ status: number; challenge: string; reason: unknown }> {
  return new Promise((resolve, reject) => {
    // `fetch` joins headers of one name.
    const headers = Object.entries(MCP_HEADERS).flat();
    const all = [...headers, ...[authorization].flat().flatMap((value) => ["authorization", value])];
    const sent = request(server.url + path, { method: "POST", headers: ["host", new URL(server.url).host, ...all] }, async (response) => {
      const body = JSON.parse((await response.toArray()).join("")) as Received;
      resolve({
        status: response.statusCode ?? 0,
        challenge: response.headers["www-authenticate"] ?? "",
        reason: body.error?.data?.reason
      });
    });
    sent.on("error", reject);
    sent.end("-");
  });
}
const sendWith = ({ access_token }: Tokens, path?: string) => send(`Bearer ${access_token}`, path);

const REFUSED = { status: 401, challenge: expect.stringContaining('error="invalid_token"'), reason: "invalid_token" };
const ADMITTED = { status: 400, challenge: "", reason: "parse_error" };

const tokenRowOf = async ({ access_token }: Tokens): Promise<string> => {
  const [row = ""] = await server.rows(`token:${access_token.split(":").slice(0, 2).join(":")}:`);
  return row;
};

describe("an access token", () => {
  it("lets its person in", async () => {
    expect(await sendWith(await server.signIn(client))).toEqual(ADMITTED);
  });

  it("comes in the Authorization header only", async () => {
    const { access_token } = await server.signIn(client);
    const path = `/mcp?access_token=${encodeURIComponent(access_token)}`;
    expect(await send([], path)).toEqual(REFUSED);
    expect(await send(`Bearer ${access_token}`, path)).toEqual(REFUSED);
    expect((await send(`Bearer ${access_token}`)).status).toBe(400);
  });

  it("comes alone", async () => {
    const [alices, bobs] = [await server.signIn(client), await server.signIn(client, { login: "bob" })];
    const [one, other] = [`Bearer ${alices.access_token}`, `Bearer ${bobs.access_token}`];
    for (const both of [[one, other], [one, one], `${one}, ${other}`, `${one} ${other}`]) expect(await send(both)).toEqual(REFUSED);
  });

  it.each([
    "Bearer",
    "Bearer ",
    "Bearer a b",
    "Bearer 1:2:3",
    "Bearer :::",
    "Bearer 1:../../grant:x",
    `Bearer ${"1".repeat(30)}:grant:secret`,
    `Bearer 1:${"g".repeat(600)}:secret`,
    `Bearer 1:grant:${"s".repeat(8000)}`,
    "Bearer dm_00000000_nothing",
    "Basic YTpi",
    "Token 1:2:3"
  ])("is not %j", async (authorization) => {
    expect(await send(authorization)).toEqual(REFUSED);
  });

  it("ends with its time", async () => {
    const tokens = await server.signIn(client);
    const name = await tokenRowOf(tokens);
    const row = await server.readRow<{ expiresAt: number }>(name);
    await server.writeRow(name, { ...row, expiresAt: Math.floor(Date.now() / 1000) - 1 });
    expect(await sendWith(tokens)).toEqual(REFUSED);
  });

  it("ends with its row", async () => {
    const tokens = await server.signIn(client);
    await server.deleteRow(await tokenRowOf(tokens));
    expect(await sendWith(tokens)).toEqual(REFUSED);
  });

  it("is worth nothing with another secret, or as a refresh token", async () => {
    const { access_token, refresh_token } = await server.signIn(client);
    const [user, grant] = access_token.split(":");
    expect(await send(`Bearer ${user}:${grant}:${"A".repeat(32)}`)).toEqual(REFUSED);
    expect(await send(`Bearer ${refresh_token}`)).toEqual(REFUSED);
  });

  it.each([
    ["", "", ADMITTED],
    ["", "/x/repositories", ADMITTED],
    ["", "/x/all/readonly", ADMITTED],
    ["/x/repositories", "/x/repositories", ADMITTED],
    ["/x/repositories", "/x/repositories/readonly", ADMITTED],
    ["/x/repositories", "", REFUSED],
    ["/x/repositories", "/x/all", REFUSED],
    ["/x/repositories", "/x/repositoriesx", REFUSED],
    ["/x/repositories", "/x/repositories/../all", REFUSED],
    ["/readonly", "/x/all", REFUSED]
  ])("for /mcp%s at /mcp%s", async (resource, path, answer) => {
    const tokens = await server.signIn(client, { parameters: { resource: server.mcp + resource } });
    expect(tokens.resource).toBe(server.mcp + resource);
    expect(await sendWith(tokens, `/mcp${path}`)).toEqual(answer);
  });

  it("of one sign-in stays good when its person signs in again, with this client or another", async () => {
    const all = [await server.signIn(client), (await server.signInAfresh()).tokens, await server.signIn(client)];
    expect(await Promise.all(all.map((tokens) => sendWith(tokens)))).toEqual([ADMITTED, ADMITTED, ADMITTED]);
    const [first] = all;
    const again = await client.token({ grant_type: "refresh_token", refresh_token: first?.refresh_token ?? "" });
    expect(again.status).toBe(200);
  });
});

describe("a call that needs more than its token has", () => {
  const calls = { name: "delete_calls", arguments: { before: "2020-01-01T00:00:00Z" } };

  const insufficient = (path: string) => ({
    status: 403,
    challenge:
      'Bearer realm="dormouse", error="insufficient_scope", ' +
      `resource_metadata="${server.url}/.well-known/oauth-protected-resource/mcp${path}", scope="mcp:use github:read mcp:delete"`,
    data: { reason: "insufficient_scope", scopes: ["mcp:use", "github:read", "mcp:delete"] }
  });

  const read = async (response: Response) => {
    const { error } = (await response.json()) as Received;
    return { status: response.status, challenge: response.headers.get("www-authenticate"), data: error?.data };
  };

  it.each(["stateless", "sessionful"])("is told all that it has and needs, and leaves no trace (%s)", async (era) => {
    const url = `${server.mcp}/x/all`;
    const headers = bearer(await server.signIn(client, { login: `newcomer-${era}` }));
    const stateless = new RawStateless(url, headers);
    const session = await RawSession.begin(url, { headers });
    const answer =
      era === "stateless"
        ? await stateless.post("tools/call", calls)
        : await session.post({ jsonrpc: "2.0", id: 1, method: "tools/call", params: calls });
    expect(await read(answer)).toEqual(insufficient("/x/all"));
    expect((await stateless.call("list_calls")).structuredContent).toMatchObject({ calls: [] });
  });

  it("is told so when it can act as its person, but not there", async () => {
    const headers = bearer(await server.signIn(client, { parameters: { scope: "mcp:use" } }));
    const answer = await new RawStateless(server.mcp, headers).post("tools/call", {
      name: "get_repository",
      arguments: { owner: "octo", repo: "burrow" }
    });
    expect(await read(answer)).toMatchObject({ status: 403, data: { scopes: ["mcp:use", "github:read"] } });
    expect(server.github.tokensAt("/repos/octo/burrow")).toEqual([]);
  });
});

describe("a person", () => {
  /** Whom GitHub saw, having answered a call. */
  async function seenAs(call: (args: object) => Promise<unknown>): Promise<string | undefined> {
    const repo = randomUUID();
    expect(await call({ owner: "octo", repo })).not.toHaveProperty("isError", true);
    const [token, ...more] = server.github.tokensAt(`/repos/octo/${repo}`);
    expect([more, token === SERVER_TOKEN]).toEqual([[], false]);
    return server.github.ownerOf(token);
  }

  it.each(["alice", "bob"])("called %s acts as themselves on every wire, and never as the server", async (login) => {
    const headers = bearer(await server.signIn(client, { login }));
    const stateless = new RawStateless(server.mcp, headers);
    expect(await seenAs((args) => stateless.call("get_repository", args))).toBe(login);
    const session = await RawSession.begin(server.mcp, { headers });
    expect(await seenAs((args) => session.call("get_repository", args))).toBe(login);
    const { socket } = await RawSocket.begin(server.mcp, { headers });
    const bySocket = async (args: object) => (await socket.request("tools/call", { name: "get_repository", arguments: args })).result;
    expect(await seenAs(bySocket)).toBe(login);
    socket.close();
  });

  it("is not the server where GitHub no longer takes their token", async () => {
    const headers = bearer(await server.signIn(client, { login: "leaver" }));
    server.github.revoke("leaver");
    const { isError } = await new RawStateless(server.mcp, headers).call("get_repository", { owner: "octo", repo: "left" });
    expect([isError, server.github.tokensAt("/repos/octo/left").includes(SERVER_TOKEN)]).toEqual([true, false]);
  });

  it("is told from a key, which acts with the server's token", async () => {
    const headers = await createPrincipal(server);
    await new RawStateless(server.mcp, headers).call("get_repository", { owner: "octo", repo: "keyed" });
    expect(server.github.tokensAt("/repos/octo/keyed")).toEqual([SERVER_TOKEN]);
  });

  it("acts in one session with what each socket and each request has brought", async () => {
    const [wide, other] = [bearer(await server.signIn(client)), bearer(await server.signIn(client))];
    const narrow = bearer(await server.signIn(client, { parameters: { scope: "mcp:use" } }));
    const { socket, session, name } = await RawSocket.begin(server.mcp, { headers: wide });
    const more = (headers: Record<string, string>, query = "") => RawSocket.open(`${server.mcp}?session=${session}${query}`, headers);
    const [second, third] = [await more(other), await more(narrow)];
    const callBy = async (by: RawSocket) => {
      const repo = randomUUID();
      const { result } = await by.request("tools/call", { name: "get_repository", arguments: { owner: "octo", repo } });
      return result?.isError === true ? "denied" : server.github.tokensAt(`/repos/octo/${repo}`).at(0);
    };
    const [first, another, nobody] = await Promise.all([socket, second, third].map(callBy));
    expect([server.github.ownerOf(first), server.github.ownerOf(another), nobody]).toEqual(["alice", "alice", "denied"]);
    expect(another).not.toBe(first);
    const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "get_repository", arguments: { owner: "o", repo: "r" } } };
    expect((await RawSession.resume(server.mcp, session).post(call, narrow)).status).toBe(403);
    expect(await callBy(socket)).toBe(first);
    const resumed = await more(narrow, `&resume=${name}`);
    expect([await callBy(resumed), await callBy(second)]).toEqual(["denied", another]);
    for (const one of [second, third, resumed]) one.close();
  });

  it("gets no further in a batch than with each call by itself", async () => {
    const headers = bearer(await server.signIn(client, { parameters: { scope: "mcp:use" } }));
    const session = await RawSession.begin(server.mcp, { headers, revision: "2025-03-26" });
    const repo = randomUUID();
    const call = { jsonrpc: "2.0", method: "tools/call", params: { name: "get_repository", arguments: { owner: "octo", repo } } };
    const read = { jsonrpc: "2.0", id: 2, method: "resources/read", params: { uri: `repository://octo/${repo}` } };
    const response = await session.post([{ ...call, id: 1 }, read], headers);
    expect(await response.text()).toMatch(/needs the scope github:read.*needs the scope github:read/s);
    expect(server.github.tokensAt(`/repos/octo/${repo}`)).toEqual([]);
  });

  it("finds no session of another person", async () => {
    const [alice, bob] = [await server.signIn(client), await server.signIn(client, { login: "bob" })];
    const session = await RawSession.begin(server.mcp, { headers: bearer(alice) });
    await session.request("tools/list");
    const asBob = await session.post({ jsonrpc: "2.0", id: 1, method: "tools/list" }, bearer(bob));
    expect([asBob.status, ((await asBob.json()) as Received).error?.code]).toEqual([404, -32001]);
  });

  it("comes in by WebSocket with a good token only", async () => {
    const tokens = await server.signIn(client, { parameters: { resource: `${server.mcp}/x/all` } });
    expect(await upgradeStatus(`${server.mcp}/x/all`, bearer(tokens))).toBe(101);
    expect(await upgradeStatus(server.mcp, bearer(tokens))).toBe(401);
    expect(await upgradeStatus(server.mcp, { authorization: "Bearer 1:made:up" })).toBe(401);
    expect(await upgradeStatus(server.mcp)).toBe(401);
  });
});

describe("what a person takes back at GitHub", () => {
  it("ends their client's access with the call that finds out, and the sign-in with the refresh that follows", async () => {
    const { client: app, tokens } = await server.signInAfresh({ login: "carol" });
    const caller = new RawStateless(server.mcp, bearer(tokens));
    expect((await caller.call("get_repository", { owner: "octo", repo: "stub" })).isError).toBeUndefined();
    server.github.revoke("carol");
    const refused = await caller.call("get_repository", { owner: "octo", repo: "stub" });
    expect(refused.content[0]?.text).toMatch(/^GitHub no longer accepts your sign-in.+\(ref call_\w+\)$/);
    expect(await sendWith(tokens)).toEqual(REFUSED);
    const grant = `grant:${tokens.access_token.split(":").slice(0, 2).join(":")}`;
    expect(await server.rows(grant)).toHaveLength(1);
    const refresh = await app.token({ grant_type: "refresh_token", refresh_token: tokens.refresh_token });
    expect([refresh.status, await refresh.json()]).toEqual([400, expect.objectContaining({ error: "invalid_grant" })]);
    expect(await server.rows(grant)).toEqual([]);
  });
});
