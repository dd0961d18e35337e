import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type OAuthServer, startOAuthServer } from "../support/oauth-server.ts";
import { bearer, OAuthClient, type Tokens } from "../support/sign-in.ts";
import { RawStateless } from "../support/stateless.ts";

let server: OAuthServer;
let client: OAuthClient;
beforeAll(async () => {
  server = await startOAuthServer();
  client = await OAuthClient.register(server.url);
});
afterAll(() => server?.close());
beforeEach(() => server.github.expireAfter(8 * 3600));
afterEach(() => server.github.reset());

const refresh = ({ refresh_token }: Tokens) => client.token({ grant_type: "refresh_token", refresh_token });
const refreshed = async (tokens: Tokens) => (await (await refresh(tokens)).json()) as Tokens;
const grantOf = ({ access_token }: Tokens): string => `grant:${access_token.split(":").slice(0, 2).join(":")}`;

/** The token that a call acts with at GitHub. */
async function actsWith(tokens: Tokens): Promise<string | undefined> {
  const repo = randomUUID(); // the same call again and again would be taken for a loop
  const { isError } = await new RawStateless(server.mcp, bearer(tokens)).call("get_repository", { owner: "octo", repo });
  expect(isError).toBeFalsy();
  return server.github.tokensAt(`/repos/octo/${repo}`).at(-1);
}

describe("the tokens of a GitHub App", () => {
  it("are not refreshed while they outlast the client's", async () => {
    const first = await server.signIn(client);
    const second = await refreshed(first);
    expect(await actsWith(second)).toBe(await actsWith(first));
    expect([first.expires_in, second.expires_in, server.github.countRefreshes()]).toEqual([3600, 3600, 0]);
  });

  it("are refreshed when they would end before the client's", async () => {
    server.github.expireAfter(600);
    const { code, verifier } = await client.authorize({ login: "alice" });
    const first = (await (await client.redeem(code, verifier)).json()) as Tokens;
    const before = await actsWith(first);
    expect([first.expires_in <= 600, server.github.countRefreshes()]).toEqual([true, 1]);
    server.github.expireAfter(8 * 3600);
    const second = await refreshed(first);
    expect([second.expires_in, server.github.countRefreshes()]).toEqual([3600, 2]);
    expect(await actsWith(second)).not.toBe(before);
    expect(server.github.ownerOf(before)).toBeUndefined(); // GitHub has ended it
  });

  it("are refreshed once for a client that comes twice at once", async () => {
    server.github.expireAfter(600);
    const tokens = await server.signIn(client);
    const before = server.github.countRefreshes();
    const both = await Promise.all([refreshed(tokens), refreshed(tokens)]);
    expect(server.github.countRefreshes()).toBe(before + 1);
    const [one, other] = [await actsWith(both[0]), await actsWith(both[1])];
    expect([one, server.github.ownerOf(one)]).toEqual([other, "alice"]);
  });

  it("outlive what a client gets", async () => {
    for (const seconds of [61, 599, 3599, 3601, 28_800]) {
      server.github.expireAfter(seconds);
      const { expires_in } = await server.signIn(client);
      expect([expires_in <= seconds, expires_in <= 3600, expires_in >= 60]).toEqual([true, true, true]);
    }
  });

  it("end the grant when the person took them back", async () => {
    server.github.expireAfter(600);
    const tokens = await server.signIn(client);
    server.github.revoke("alice");
    const refused = await refresh(tokens);
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: "invalid_grant" }]);
    expect(await server.rows(grantOf(tokens))).toEqual([]);
    expect(await server.rows(grantOf(tokens).replace("grant:", "token:"))).toEqual([]);
  });

  it.each(["bad_gateway", "garbage"] as const)("leave the grant as it is while GitHub answers with a %s", async (going) => {
    server.github.expireAfter(600);
    const tokens = await server.signIn(client);
    server.github.behave("access_token", going);
    const refused = await refresh(tokens);
    expect([refused.status, refused.headers.get("retry-after"), await refused.json()]).toMatchObject([
      503,
      "60",
      { error: "temporarily_unavailable" }
    ]);
    server.github.behave("access_token", "ok");
    expect(server.github.ownerOf(await actsWith(await refreshed(tokens)))).toBe("alice");
  });

  it("leave a code as it is while GitHub is down", async () => {
    server.github.expireAfter(600);
    const { code, verifier } = await client.authorize({ login: "alice" });
    server.github.behave("access_token", "bad_gateway");
    expect((await client.redeem(code, verifier)).status).toBe(503);
    server.github.behave("access_token", "ok");
    expect((await client.redeem(code, verifier)).status).toBe(200);
  });
});
