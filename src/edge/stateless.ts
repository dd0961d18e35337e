import { DEFAULTS } from "../config.ts";
import { cut } from "../lib/text.ts";
import { type Catalog, isListMethod } from "../mcp/catalog.ts";
import { askHome, HOME_METHODS } from "../mcp/doors/home-request.ts";
import { isNotification, isRequest, type Notification, type RequestId, type Request as RpcRequest } from "../mcp/protocol/json-rpc.ts";
import { META } from "../mcp/protocol/meta-keys.ts";
import { isStatelessRevision, STATELESS_REVISIONS } from "../mcp/protocol/revisions.ts";
import { type Answers, createAnswers } from "../mcp/requests/answers.ts";
import { faultOfEnvelope, metaOf } from "../mcp/requests/envelope.ts";
import { accepts } from "./accept.ts";
import { homeStubOf } from "./home-stub.ts";
import { serveListen } from "./listen.ts";
import { faultOfMirrors, faultOfParamMirrors } from "./mirrored-headers.ts";
import { readHeader } from "./read-header.ts";
import type { ReadBody } from "./read-message.ts";
import { refuseScopes } from "./required-scopes.ts";
import { answer, type RefusalDetails, refuse, refuseUnforeseen } from "./respond.ts";
import type { Admitted } from "./session.ts";

/**
 * Serves a POST of the stateless era. Each request says all that there is to know in its own envelope; what needs no state is
 * answered here, the rest takes one hop to the principal's home. A session id is ignored.
 * Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http
 */
export async function serveStateless(request: Request, { message, text }: ReadBody, admitted: Admitted): Promise<Response> {
  if (!("jsonrpc" in message)) return refuse("batch_not_allowed", "This revision has no batches.");
  if (isNotification(message)) return refuseNotification(message, request.headers) ?? new Response(null, { status: 202 });
  if (!isRequest(message)) return refuse("response_not_allowed", "Send requests and notifications only.");
  return refuseRequest(message, request.headers, admitted) ?? serveRequest(request, message, text, admitted);
}

function serveRequest(request: Request, message: RpcRequest, text: string, admitted: Admitted): Response | Promise<Response> {
  const { id, method, params } = message;
  const { catalog, slice } = admitted;
  if (method === "server/discover") return answer(id, answersOf(catalog).discovered);
  if (isListMethod(method)) {
    const page = slice.list(method, params?.cursor);
    if (page === undefined) return refuse("invalid_params", "The cursor is not one that a list returned.", { id });
    return answer(id, answersOf(catalog).completeList(page));
  }
  if (method === "subscriptions/listen") return serveListen(request, message, admitted, answersOf(catalog));
  if (!HOME_METHODS.has(method)) return refuse("unknown_method", `Unknown method: ${cut(method, 100)}`, { id });
  return refuseScopes(message, admitted) ?? askPrincipalsHome(request, id, text, admitted);
}

/** A client that goes away aborts the request in the object, and nobody reads what is answered here. */
async function askPrincipalsHome(request: Request, id: RequestId, body: string, { caller, slicePath, homes }: Admitted): Promise<Response> {
  const { signal } = request;
  try {
    const canStream = accepts(request, "text/event-stream");
    return await askHome(homeStubOf(caller.principal, homes), "request", { caller, slicePath, canStream }, { body, signal });
  } catch (error) {
    return signal.aborted ? new Response(null, { status: 499 }) : refuseUnforeseen(error, id);
  }
}

/** What is wrong with a request, in the order in which the protocol's SDK finds it. */
function refuseRequest(message: RpcRequest, headers: Headers, { slice }: Admitted): Response | undefined {
  const { id, method } = message;
  const meta = metaOf(message.params);
  if (!meta) return refuse("invalid_envelope", "_meta is required.", { id });
  const fault = faultOfEnvelope(meta);
  if (fault !== undefined) return refuse("invalid_envelope", `${fault}.`, { id });
  const refused = refuseClaim(meta[META.revision], method, headers, { id });
  if (refused) return refused;
  const hasHeader = headers.has("mcp-protocol-version");
  const mirrors = hasHeader ? faultOfMirrors(message, headers) : "MCP-Protocol-Version is missing.";
  const mismatch = mirrors ?? (method === "tools/call" ? faultOfParamMirrors(message, headers, slice) : undefined);
  return mismatch === undefined ? undefined : refuse("header_mismatch", mismatch, { id });
}

/** Notifications need no envelope and no headers; those that are there must agree. */
function refuseNotification({ method, params }: Notification, headers: Headers): Response | undefined {
  const claim = metaOf(params)?.[META.revision];
  if (claim !== undefined && typeof claim !== "string") return refuse("invalid_envelope", `${META.revision} is text.`);
  return refuseClaim(claim ?? readHeader(headers, "mcp-protocol-version"), method, headers);
}

function refuseClaim(claim: unknown, method: string, headers: Headers, details?: RefusalDetails): Response | undefined {
  const named = readHeader(headers, "mcp-protocol-version");
  if (named !== null && named !== claim) return refuse("header_mismatch", "MCP-Protocol-Version and _meta differ.", details);
  const mirrored = readHeader(headers, "mcp-method");
  if (mirrored !== null && mirrored !== method) return refuse("header_mismatch", "Mcp-Method and the body differ.", details);
  if (isStatelessRevision(claim)) return undefined;
  const requested = cut(String(claim), 40);
  const data = { supported: [...STATELESS_REVISIONS], requested };
  return refuse("unsupported_protocol_version", `Unsupported protocol version: ${requested}`, { ...details, data });
}

function answersOf(catalog: Catalog): Answers {
  const made = known.get(catalog) ?? createAnswers(catalog, DEFAULTS.stateless.listTtlMs);
  known.set(catalog, made);
  return made;
}

const known = new WeakMap<Catalog, Answers>();
