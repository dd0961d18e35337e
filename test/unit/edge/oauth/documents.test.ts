import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createAuthorizationServer, resourceOf } from "../../../../src/auth/authorization-server.ts";
import worker from "../../../../src/index.ts";

// Clients that are known by a document at an address of theirs, as Claude's are: https://claude.com/docs/connectors/building/authentication

const ORIGIN = "http://localhost";
const CLAUDE = "https://claude.ai/oauth/mcp-oauth-client-metadata";
const CLAUDE_CODE = "https://claude.ai/oauth/claude-code-client-metadata";
const CALLBACK = "https://claude.ai/api/mcp/auth_callback";

const DOCUMENTS: Readonly<Record<string, { client_name: string; redirect_uris: string[] }>> = {
  [CLAUDE]: { client_name: "Claude", redirect_uris: [CALLBACK, "https://claude.com/api/mcp/auth_callback"] },
  [CLAUDE_CODE]: { client_name: "Claude Code", redirect_uris: ["http://localhost/callback", "http://127.0.0.1/callback"] }
};

/** What the documents' host does. */
let host: "answers" | "fails" | "hangs up";

beforeEach(() => {
  host = "answers";
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    const url = String(input);
    if (host === "hangs up") throw new TypeError("connection reset");
    if (host === "fails") return new Response("upstream text", { status: 503 });
    const capabilities = { grant_types: ["authorization_code", "refresh_token"], token_endpoint_auth_method: "none" };
    return Response.json({ client_id: url, ...capabilities, ...DOCUMENTS[url] });
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const SETTINGS = { ...env, GITHUB_CLIENT_ID: "Ov23example", GITHUB_CLIENT_SECRET: "a-secret-of-the-app" };

const ask = (path: string, init?: RequestInit): Promise<Response> =>
  worker.fetch(new Request(`${ORIGIN}${path}`, init), SETTINGS, createExecutionContext());

const VERIFIER = "a-verifier-that-is-long-enough-for-the-rule-of-43-characters";

const authorize = (clientId: string, redirectUri: string): Promise<Response> => {
  const query = new URLSearchParams({
    ...{ response_type: "code", client_id: clientId, redirect_uri: redirectUri, state: "state", resource: resourceOf(ORIGIN, "") },
    ...{ code_challenge: createHash("sha256").update(VERIFIER).digest("base64url"), code_challenge_method: "S256", scope: "mcp:use" }
  });
  return ask(`/authorize?${query}`);
};

describe("the consent page", () => {
  it.each([
    { client: CLAUDE, callback: CALLBACK, host: "claude.ai" },
    { client: CLAUDE, callback: "https://claude.com/api/mcp/auth_callback", host: "claude.com" },
    // A command line listens where a port is free: https://www.rfc-editor.org/rfc/rfc8252#section-7.3
    { client: CLAUDE_CODE, callback: "http://localhost:55611/callback", host: "localhost" },
    { client: CLAUDE_CODE, callback: "http://127.0.0.1:8080/callback", host: "127.0.0.1" }
  ])("names who asks by its document, back to $callback", async ({ client, callback, host: back }) => {
    const response = await authorize(client, callback);
    expect(response.status).toBe(200);
    const page = await response.text();
    for (const shown of [DOCUMENTS[client]?.client_name, "claude.ai", back]) expect(page).toContain(shown);
  });

  it.each(["https://claude.example/api/mcp/auth_callback", "http://localhost:55611/other"])(
    "is not shown for a callback that the document does not list: %s",
    async (callback) => {
      expect((await authorize(CLAUDE_CODE, callback)).status).toBe(400);
    }
  );
});

/** What the token endpoint is asked with, for somebody who has agreed. */
async function agree(): Promise<Record<string, string>> {
  const oauth = createAuthorizationServer({ origin: ORIGIN, paths: [""], onFresh: async () => {} }).getOAuthApi(env);
  const { redirectTo } = await oauth.completeAuthorization({
    request: {
      ...{ responseType: "code", clientId: CLAUDE, redirectUri: CALLBACK, scope: ["mcp:use"], state: "state" },
      ...{ resource: resourceOf(ORIGIN, ""), codeChallengeMethod: "S256" },
      codeChallenge: createHash("sha256").update(VERIFIER).digest("base64url")
    },
    ...{ userId: "4711", metadata: { login: "robin-hale" }, scope: ["mcp:use", "offline_access"] },
    props: { login: "robin-hale", githubToken: "gho_example" },
    revokeExistingGrants: false
  });
  const code = new URL(redirectTo).searchParams.get("code") ?? "";
  return { grant_type: "authorization_code", client_id: CLAUDE, code, code_verifier: VERIFIER, redirect_uri: CALLBACK };
}

const askForTokens = (form: Record<string, string>) => ask("/oauth/token", { method: "POST", body: new URLSearchParams(form) });

describe("the token endpoint", () => {
  // To a client, invalid_client says that its credentials are worth nothing: it forgets them, and the person must sign in again.
  it.each(["fails", "hangs up"] as const)("asks to come again while the document's host %s, and the sign-in stands", async (outage) => {
    const code = await agree();
    host = outage;
    const refused = await askForTokens(code);
    expect([refused.status, refused.headers.get("retry-after"), refused.headers.get("cache-control")]).toEqual([503, "60", "no-store"]);
    expect(await refused.json()).toEqual({
      error: "temporarily_unavailable",
      error_description: "The client's metadata document could not be read. Try again in a minute."
    });
    host = "answers";
    const { refresh_token } = await (await askForTokens(code)).json<{ refresh_token: string }>();
    const refresh = { grant_type: "refresh_token", client_id: CLAUDE, refresh_token };
    host = outage;
    expect((await askForTokens(refresh)).status).toBe(503);
    host = "answers";
    expect((await askForTokens(refresh)).status).toBe(200);
  });
});
