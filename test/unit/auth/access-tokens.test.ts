import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createHash, randomUUID } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { AccessTokens } from "../../../src/auth/access-tokens.ts";
import { createAuthorizationServer } from "../../../src/auth/authorization-server.ts";
import type { GrantMetadata, GrantProps } from "../../../src/auth/github-grant.ts";
import { DEFAULTS } from "../../../src/config.ts";
import type { Caller } from "../../../src/mcp/principal.ts";

const ORIGIN = "https://dormouse.example";
const MCP = new URL(`${ORIGIN}/mcp`);
const REDIRECT_URI = "https://app.example/callback";

const server = createAuthorizationServer({ origin: ORIGIN, paths: [""], onFresh: async () => {} });

/** A deployment of its own: nothing that was read is known to it. */
const deploy = (allowed = ""): Env => ({
  ...env,
  GITHUB_CLIENT_ID: "Iv23example",
  GITHUB_CLIENT_SECRET: "a-secret-of-the-app",
  ALLOWED_GITHUB_USERS: allowed
});

/** Signs a person in, as the pages do once GitHub has named them. */
async function signIn(props: Partial<GrantProps> = {}): Promise<{ refresh(): Promise<string>; token: string }> {
  const bindings = deploy();
  const oauth = server.getOAuthApi(bindings);
  const { clientId } = await oauth.createClient({ redirectUris: [REDIRECT_URI], tokenEndpointAuthMethod: "none" });
  const verifier = randomUUID().repeat(2);
  const codeChallenge = createHash("sha256").update(verifier).digest("base64url");
  const login = "alice";
  const { redirectTo } = await oauth.completeAuthorization({
    request: {
      responseType: "code",
      ...{ clientId, redirectUri: REDIRECT_URI, scope: [], state: "", codeChallenge, codeChallengeMethod: "S256", issuer: ORIGIN }
    },
    userId: "42",
    metadata: { login } satisfies GrantMetadata,
    scope: ["mcp:use", "github:read"],
    props: { login, githubToken: "gho_alice", ...props } satisfies GrantProps,
    revokeExistingGrants: false
  });
  const ask = async (fields: Record<string, string>) => {
    const body = new URLSearchParams({ client_id: clientId, ...fields });
    const response = await server.fetch(new Request(`${ORIGIN}/oauth/token`, { method: "POST", body }), bindings, createExecutionContext());
    return (await response.json()) as { access_token: string; refresh_token: string };
  };
  const code = new URL(redirectTo).searchParams.get("code") ?? "";
  const first = await ask({ grant_type: "authorization_code", code, code_verifier: verifier, redirect_uri: REDIRECT_URI });
  return {
    token: first.access_token,
    refresh: async () => (await ask({ grant_type: "refresh_token", refresh_token: first.refresh_token })).access_token
  };
}

const proofsOf = ({ credentials }: Caller): [string, string] => [credentials.proof ?? "", credentials.lastingProof ?? ""];

afterEach(() => {
  vi.useRealTimers();
});

const later = (ms: number) => {
  const now = Date.now() + ms;
  vi.useFakeTimers({ toFake: ["Date"], now });
};

describe("a token", () => {
  it("stands for its person, with their own token at GitHub", async () => {
    const { token } = await signIn();
    expect(await new AccessTokens(deploy()).authenticate(token, MCP)).toMatchObject({
      principal: { id: "github:42", kind: "github", scopes: ["mcp:use", "github:read"] },
      credentials: { githubToken: "gho_alice" }
    });
  });

  it("stands for nobody once its person is taken from those who may sign in", async () => {
    const { token } = await signIn();
    const caller = await new AccessTokens(deploy("bob, ALICE")).authenticate(token, MCP);
    if (!caller) throw new Error("Alice is on the list.");
    expect(await new AccessTokens(deploy("bob")).authenticate(token, MCP)).toBeUndefined();
    const [, lasting] = proofsOf(caller);
    expect(await new AccessTokens(deploy("bob")).isStillValid(lasting)).toBe(false);
    expect(await new AccessTokens(deploy("alice")).isStillValid(lasting)).toBe(true);
  });

  it("ends with its time, also while it is believed", async () => {
    const { token } = await signIn();
    const tokens = new AccessTokens(deploy());
    later(DEFAULTS.oauth.accessTokenMs - 1000);
    expect(await tokens.authenticate(token, MCP)).toBeDefined();
    later(1000);
    expect(await tokens.authenticate(token, MCP)).toBeUndefined();
  });

  it("is believed for half a minute after its row is gone, and no longer", async () => {
    const { token } = await signIn();
    const tokens = new AccessTokens(deploy());
    const caller = await tokens.authenticate(token, MCP);
    if (!caller) throw new Error("The token is good.");
    const [proof] = proofsOf(caller);
    expect(await tokens.isStillValid(proof)).toBe(true);
    await env.OAUTH_KV.delete(proof);
    expect([await tokens.authenticate(token, MCP), await tokens.isStillValid(proof)]).toEqual([caller, true]);
    later(DEFAULTS.credentialCacheMs);
    expect([await tokens.authenticate(token, MCP), await tokens.isStillValid(proof)]).toEqual([undefined, false]);
  });

  it.each([
    "",
    "::",
    "a:b:c",
    "1:b:",
    ":b:c",
    "1:b:c:d",
    `${"1".repeat(21)}:b:c`,
    `1:${"b".repeat(65)}:c`,
    `1:b:${"c".repeat(129)}`,
    `1:b:${"c".repeat(1_000_000)}`,
    "1:b:c\n",
    "1:b/../x:c",
    "1:b:c ",
    "١:b:c"
  ])("has a form that no other text has (%#)", (text) => {
    expect(AccessTokens.matches(text)).toBe(false);
  });

  it.each(["1:b:c", `${"9".repeat(20)}:${"b".repeat(64)}:${"c".repeat(128)}`, "0:-:_"])(
    "that was made up is nobody's: %s",
    async (text) => {
      expect(AccessTokens.matches(text)).toBe(true);
      expect(await new AccessTokens(deploy()).authenticate(text, MCP)).toBeUndefined();
    }
  );
});

describe("a grant", () => {
  const admit = async (token: string): Promise<Caller> => {
    const caller = await new AccessTokens(deploy()).authenticate(token, MCP);
    if (!caller) throw new Error("The token is good.");
    return caller;
  };
  const rowsOf = async (caller: Caller) => {
    const { keys } = await env.OAUTH_KV.list({ prefix: proofsOf(caller)[1].replace("grant:", "token:") });
    return [await env.OAUTH_KV.get(proofsOf(caller)[1]), ...keys.map(({ name }) => name)];
  };

  it("stays where GitHub refuses what one of its tokens acts with: that token ends, and its client refreshes", async () => {
    const { token, refresh } = await signIn();
    const before = await admit(token);
    later(2000);
    const after = await admit(await refresh());
    const tokens = new AccessTokens(deploy());
    await tokens.authenticate(token, MCP);
    await tokens.endAccess(before);
    expect(await rowsOf(after)).toEqual([expect.any(String), proofsOf(after)[0]]);
    expect(await tokens.authenticate(token, MCP)).toBeUndefined();
  });

  it("is not ended by what acts under it itself, as a run: the next refresh asks GitHub", async () => {
    const { token } = await signIn();
    const caller = await admit(token);
    const [, proof] = proofsOf(caller);
    await new AccessTokens(deploy()).endAccess({ ...caller, credentials: { ...caller.credentials, proof } });
    expect(await rowsOf(caller)).toHaveLength(2);
  });
});
