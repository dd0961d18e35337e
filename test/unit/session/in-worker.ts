import { env, exports } from "cloudflare:workers";
import type { SessionAgent } from "../../../src/index.ts";
import { readSessionId } from "../../../src/mcp/session-id.ts";

const HEADERS = { "content-type": "application/json", accept: "application/json, text/event-stream" };

/** Sends a request to the Worker in whose workerd the test runs. */
export const send = (method: string, sessionId: string | undefined, message?: object, headers: Record<string, string> = {}) =>
  exports.default.fetch("http://localhost/mcp", {
    method,
    headers: { ...HEADERS, ...(sessionId !== undefined && { "mcp-session-id": sessionId }), ...headers },
    ...(message && { body: JSON.stringify({ jsonrpc: "2.0", ...message }) })
  });

/** Begins a session and returns its id. */
export async function begin(): Promise<string> {
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "in the worker", version: "1" } };
  const response = await send("POST", undefined, { id: 0, method: "initialize", params });
  await response.text();
  return response.headers.get("mcp-session-id") ?? "";
}

/** The object of a session. */
export const stubOf = (sessionId: string) =>
  env.SESSION.get(env.SESSION.idFromName(`session:${readSessionId(sessionId).name}`)) as DurableObjectStub<SessionAgent>;
