import { isJsonObject } from "../lib/json.ts";
import { cut } from "../lib/text.ts";
import type { Catalog, CatalogSlice, ListMethod } from "../mcp/catalog.ts";
import { isNotification, isRequest, type Message, type Request as RpcRequest } from "../mcp/json-rpc.ts";
import type { Keyring } from "../mcp/keyring.ts";
import type { Principal } from "../mcp/principal.ts";
import { hasBatches, isSessionfulRevision, SESSIONFUL_REVISIONS } from "../mcp/revisions.ts";
import { mintSessionId, type Session, verifySessionId } from "../mcp/session-id.ts";
import { toObjectRequest } from "../mcp/session-request.ts";
import type { ReadBody } from "./read-message.ts";
import { answer, refuse } from "./respond.ts";

/** What the edge knows of a POST when its body was read. */
export interface Post {
  readonly catalog: Catalog;
  readonly slice: CatalogSlice;
  readonly slicePath: string;
  readonly principal: Principal;
  readonly keyring: Keyring;
  readonly sessions: Env["SESSION"];
}

/** More messages than any client sends at once. */
const MAX_BATCH = 20;

/** Serves a POST of the sessionful era. What needs no state is answered here; the rest takes one hop to the session's object. */
export async function serveSessionful(request: Request, { message, text }: ReadBody, post: Post): Promise<Response> {
  const messages = Array.isArray(message) ? (message as readonly Message[]) : [message as Message];
  const initialize = messages.find((candidate) => isRequest(candidate) && candidate.method === "initialize") as RpcRequest | undefined;
  if (initialize && !Array.isArray(message)) return serveInitialize(request, initialize, post);
  const session = findSession(request, post);
  if (session instanceof Response) return session;
  const refused = refuseRevision(request) ?? refuseBatch(message, session, initialize !== undefined);
  if (refused) return refused;
  const ready = messages.length === 1 && messages[0] ? answerWithoutState(messages[0], post) : undefined;
  if (ready) return ready;
  const sessionId = request.headers.get("mcp-session-id") ?? "";
  const { principal, slicePath, sessions } = post;
  const stub = sessions.get(sessions.idFromName(`session:${session.name}`));
  return stub.fetch(toObjectRequest("post", { sessionId, principal, slicePath }, text));
}

function serveInitialize(request: Request, { id, params = {} }: RpcRequest, { catalog, principal, keyring }: Post): Response {
  if (request.headers.has("mcp-session-id")) return refuse("already_initialized", "This session is initialized already.", { id });
  const { protocolVersion, capabilities = {}, clientInfo = {} } = params;
  if (typeof protocolVersion !== "string" || !isJsonObject(capabilities) || !isJsonObject(clientInfo)) {
    return refuse("invalid_params", "initialize needs protocolVersion, capabilities and clientInfo.", { id });
  }
  const revision = isSessionfulRevision(protocolVersion) ? protocolVersion : SESSIONFUL_REVISIONS[0];
  const client = { name: String(clientInfo.name ?? ""), version: String(clientInfo.version ?? "") };
  const sessionId = mintSessionId(keyring, principal.id, { issuedMs: Date.now(), revision, capabilities, client });
  const result = {
    protocolVersion: revision,
    capabilities: catalog.capabilities,
    serverInfo: catalog.info,
    instructions: catalog.instructions
  };
  return answer(id, JSON.stringify(result), { "mcp-session-id": sessionId });
}

function findSession(request: Request, { keyring, principal }: Post): Session | Response {
  const id = request.headers.get("mcp-session-id");
  if (id === null) return refuse("session_required", "Send the Mcp-Session-Id that initialize answered.", { id: null });
  const session = verifySessionId(keyring, principal.id, id, Date.now());
  return session ?? refuse("session_not_found", "No session of yours has this id. Begin a new one with initialize.", { id: null });
}

function refuseRevision(request: Request): Response | undefined {
  const revision = request.headers.get("mcp-protocol-version");
  if (revision === null || isSessionfulRevision(revision)) return undefined;
  return refuse("unsupported_revision", `Unsupported MCP-Protocol-Version: ${cut(revision, 40)}`, {
    id: null,
    data: { supported: [...SESSIONFUL_REVISIONS] }
  });
}

function refuseBatch(message: Message | readonly Message[], { init }: Session, hasInitialize: boolean): Response | undefined {
  if (!Array.isArray(message)) return undefined;
  if (!hasBatches(init.revision)) return refuse("batch_not_allowed", `Revision ${init.revision} has no batches.`, { id: null });
  if (message.length > MAX_BATCH) return refuse("batch_not_allowed", `A batch holds at most ${MAX_BATCH} messages.`, { id: null });
  if (hasInitialize) return refuse("batch_not_allowed", "initialize comes alone.", { id: null });
  return undefined;
}

function answerWithoutState(message: Message, { slice }: Post): Response | undefined {
  if (isNotification(message)) {
    return message.method === "notifications/initialized" ? new Response(null, { status: 202 }) : undefined;
  }
  if (!isRequest(message)) return undefined;
  if (message.method === "ping") return answer(message.id, "{}");
  const list = slice.lists[message.method as ListMethod] as string | undefined;
  return list === undefined ? undefined : answer(message.id, list);
}
