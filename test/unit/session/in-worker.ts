import { env, exports } from "cloudflare:workers";
import { apiKeyName, createApiKey } from "../../../src/auth/api-key.ts";
import type { SessionAgent } from "../../../src/index.ts";
import { SCOPES } from "../../../src/mcp/principal.ts";
import { readSessionId } from "../../../src/mcp/session-id.ts";
import { readMessages } from "../../support/session.ts";
import { envelope, toHeaders } from "../../support/stateless.ts";

const HEADERS = { "content-type": "application/json", accept: "application/json, text/event-stream" };

/** Sends a request to the Worker in whose workerd the test runs. */
export const send = (method: string, sessionId: string | undefined, message?: object, headers: Record<string, string> = {}) =>
  exports.default.fetch("http://localhost/mcp", {
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
export async function createPrincipal(): Promise<{ id: string; headers: Record<string, string> }> {
  const { kid, key, hash } = createApiKey();
  await env.KEYS.put(apiKeyName(kid), JSON.stringify({ hash, scopes: SCOPES, created: 0 }));
  return { id: `key:${kid}`, headers: { authorization: `Bearer ${key}` } };
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
