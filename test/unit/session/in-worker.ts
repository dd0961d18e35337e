import { env, exports } from "cloudflare:workers";
import { createHash, randomBytes } from "node:crypto";
import { apiKeyName, createApiKey } from "../../../src/auth/api-key.ts";
import { createAuthorizationServer, GRANTABLE_SCOPES, resourceOf } from "../../../src/auth/authorization-server.ts";
import type { SessionAgent } from "../../../src/index.ts";
import { SCOPES } from "../../../src/mcp/principal.ts";
import { readSessionId } from "../../../src/mcp/signed/session-id.ts";
import { readMessages } from "../../support/session.ts";
import { envelope, toHeaders } from "../../support/stateless.ts";

const ORIGIN = "http://localhost";

const HEADERS = { "content-type": "application/json", accept: "application/json, text/event-stream" };

/** Sends a request to the Worker in whose workerd the test runs. */
export const send = (
  method: string,
  sessionId: string | undefined,
  message?: object,
  headers: Record<string, string> = {},
  query = ""
): Promise<Response> =>
  exports.default.fetch(`${ORIGIN}/mcp${query}`, {
    method,
    headers: { ...HEADERS, ...(sessionId !== undefined && { "mcp-session-id": sessionId }), ...headers },
    ...(message && { body: JSON.stringify({ jsonrpc: "2.0", ...message }) })
  });

/** Begins a session and returns its id. */
export async function begin(headers: Record<string, string> = {}): Promise<string> {
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "in the worker", version: "1" } };
  const response = await send("POST", undefined, { id: 0, method: "initialize", params }, headers);
  await response.text();
  return response.headers.get("mcp-session-id") ?? "";
}

/** A key of its own: a principal of its own. */
export async function createPrincipal(): Promise<Somebody> {
  const { kid, key, hash } = createApiKey();
  await env.KEYS.put(apiKeyName(kid), JSON.stringify({ hash, scopes: SCOPES, created: 0 }));
  return { id: `key:${kid}`, headers: { authorization: `Bearer ${key}` } };
}

/** Somebody who calls: a principal, and the headers of a client that it has let in. */
export interface Somebody {
  readonly id: string;
  readonly headers: Record<string, string>;
}

/** A person who has signed in, and what they act with at GitHub. */
export interface Person extends Somebody {
  readonly githubToken: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

let people = 0;

/** Signs a person in: what GitHub would have said is given to the library, and the tokens are those of our own endpoint. */
export async function createPerson(): Promise<Person> {
  const userId = String(1000 + ++people);
  const githubToken = `gho_${randomBytes(18).toString("hex")}`;
  const oauth = createAuthorizationServer({ origin: ORIGIN, paths: [""], onFresh: async () => {} }).getOAuthApi(env);
  const redirectUri = "http://127.0.0.1:1/callback";
  const { clientId } = await oauth.createClient({ clientName: "a client", redirectUris: [redirectUri], tokenEndpointAuthMethod: "none" });
  const verifier = randomBytes(32).toString("base64url");
  const { redirectTo } = await oauth.completeAuthorization({
    request: {
      ...{ responseType: "code", clientId, redirectUri, scope: [...GRANTABLE_SCOPES], state: "state", resource: resourceOf(ORIGIN, "") },
      codeChallenge: createHash("sha256").update(verifier).digest("base64url"),
      codeChallengeMethod: "S256"
    },
    ...{ userId, metadata: { login: `person-${userId}` }, scope: [...GRANTABLE_SCOPES, "offline_access"] },
    props: { login: `person-${userId}`, githubToken },
    revokeExistingGrants: false
  });
  const code = new URL(redirectTo).searchParams.get("code") ?? "";
  const form = { grant_type: "authorization_code", client_id: clientId, code, code_verifier: verifier, redirect_uri: redirectUri };
  const response = await exports.default.fetch(`${ORIGIN}/oauth/token`, { method: "POST", body: new URLSearchParams(form) });
  const tokens = await response.json<{ access_token: string; refresh_token: string }>();
  if (!response.ok) throw new Error(`The token endpoint answered ${response.status} ${JSON.stringify(tokens)}`);
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  return { id: `github:${userId}`, headers, githubToken, accessToken: tokens.access_token, refreshToken: tokens.refresh_token };
}

/** Calls a tool and reads its structured result, or the whole result where it has none. */
export type Caller = (name: string, args?: object) => Promise<Record<string, unknown>>;

/** Makes who calls in a session, or without one in the stateless era. */
export function createCaller(headers: Record<string, string>, sessionId?: string): Caller {
  return async (name, args = {}) => {
    const params = { name, arguments: args };
    const request = { id: 1, method: "tools/call", params: sessionId === undefined ? { ...params, _meta: envelope() } : params };
    const mirrors = sessionId === undefined ? toHeaders("tools/call", params) : {};
    const response = await send("POST", sessionId, request, { ...mirrors, ...headers });
    const { result, error } = (await readMessages(response)).at(-1) ?? {};
    if (!result) throw new Error(`${name} answered ${response.status} ${JSON.stringify(error)}`);
    return (result.structuredContent as Record<string, unknown> | undefined) ?? result;
  };
}

/** The object of a session. */
export const stubOf = (sessionId: string) =>
  env.SESSION.get(env.SESSION.idFromName(`session:${readSessionId(sessionId).name}`)) as DurableObjectStub<SessionAgent>;
