import { isListMethod } from "../mcp/catalog.ts";
import { isNotification, isRequest, type Message, type Request as RpcRequest } from "../mcp/protocol/json-rpc.ts";
import { hasBatches } from "../mcp/protocol/revisions.ts";
import { INITIALIZE_FAULT, readInitialize, toInitializeResult } from "../mcp/requests/initialize.ts";
import { mintSessionId, type Session } from "../mcp/signed/session-id.ts";
import { accepts } from "./accept.ts";
import type { ReadBody } from "./read-message.ts";
import { refuseScopes } from "./required-scopes.ts";
import { answer, refuse } from "./respond.ts";
import { type Admitted, findSession } from "./session.ts";

/** More messages than any client sends at once. */
const MAX_BATCH = 20;

/** Serves a POST of the sessionful era. What needs no state is answered here; the rest takes one hop to the session's object. */
export async function serveSessionful(request: Request, { message, text }: ReadBody, admitted: Admitted): Promise<Response> {
  // https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#sending-messages-to-the-server
  const acceptsAll = accepts(request, "application/json") && accepts(request, "text/event-stream");
  if (!acceptsAll) return refuse("not_acceptable", "Accept both application/json and text/event-stream.");
  const messages = Array.isArray(message) ? (message as readonly Message[]) : [message as Message];
  const initialize = messages.find((candidate) => isRequest(candidate) && candidate.method === "initialize") as RpcRequest | undefined;
  if (initialize && !Array.isArray(message)) return serveInitialize(request, initialize, admitted);
  const unfit = refuseBatch(message, initialize !== undefined);
  if (unfit) return unfit;
  const found = findSession(request, admitted);
  if (found instanceof Response) return found;
  const refused = refuseRevision(message, found.session);
  if (refused) return refused;
  const ready = Array.isArray(message) ? undefined : answerWithoutState(message as Message, admitted);
  if (!ready) {
    const isSingle = !Array.isArray(message) && isRequest(message as Message); // in a batch each is refused by itself
    return (isSingle ? refuseScopes(message as RpcRequest, admitted) : undefined) ?? found.ask("post", { body: text });
  }
  const alive = await found.ask("alive");
  return alive.ok ? ready : alive;
}

/** Serves a DELETE: the client has no more use for its session. */
export async function endSession(request: Request, admitted: Admitted): Promise<Response> {
  const found = findSession(request, admitted);
  return found instanceof Response ? found : found.ask("end");
}

function serveInitialize(request: Request, { id, params = {} }: RpcRequest, { catalog, caller, keyring }: Admitted): Response {
  if (request.headers.has("mcp-session-id")) return refuse("already_initialized", "This session is initialized already.", { id });
  const init = readInitialize(params, Date.now());
  if (!init) return refuse("invalid_params", INITIALIZE_FAULT, { id });
  const sessionId = mintSessionId(keyring, caller.principal.id, init);
  return answer(id, JSON.stringify(toInitializeResult(catalog, init)), { "mcp-session-id": sessionId });
}

/** What no session may send in one body; looked at first, because a batch that initializes has no session. */
function refuseBatch(message: Message | readonly Message[], hasInitialize: boolean): Response | undefined {
  if (!Array.isArray(message)) return undefined;
  if (message.length > MAX_BATCH) return refuse("batch_not_allowed", `A batch holds at most ${MAX_BATCH} messages.`, { id: null });
  if (hasInitialize) return refuse("batch_not_allowed", "initialize comes alone.", { id: null });
  return undefined;
}

function refuseRevision(message: Message | readonly Message[], { init }: Session): Response | undefined {
  if (!Array.isArray(message) || hasBatches(init.revision)) return undefined;
  return refuse("batch_not_allowed", `Revision ${init.revision} has no batches.`, { id: null });
}

/** The answers that are the same for every session that was not ended. */
function answerWithoutState(message: Message, { slice }: Admitted): Response | undefined {
  if (isNotification(message)) {
    return message.method === "notifications/initialized" ? new Response(null, { status: 202 }) : undefined;
  }
  if (!isRequest(message)) return undefined;
  if (message.method === "ping") return answer(message.id, "{}");
  if (!isListMethod(message.method)) return undefined;
  const page = slice.list(message.method, message.params?.cursor);
  return page === undefined
    ? refuse("invalid_params", "The cursor is not one that a list returned.", { id: message.id })
    : answer(message.id, page);
}
