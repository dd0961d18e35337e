import type { JsonObject } from "../lib/json.ts";
import { showStack } from "../mcp/calls/redact.ts";
import { type RequestId, RPC_CODES } from "../mcp/protocol/json-rpc.ts";

/** Why the edge refuses a request: its HTTP status and JSON-RPC code, in one table. */
const REFUSALS = {
  no_such_path: { status: 404, code: RPC_CODES.invalidRequest },
  host_not_allowed: { status: 403, code: RPC_CODES.invalidRequest },
  origin_not_allowed: { status: 403, code: RPC_CODES.invalidRequest },
  result_not_found: { status: 404, code: RPC_CODES.invalidRequest },
  not_configured: { status: 503, code: RPC_CODES.invalidRequest },
  credentials_required: { status: 401, code: RPC_CODES.invalidRequest },
  invalid_token: { status: 401, code: RPC_CODES.invalidRequest },
  insufficient_scope: { status: 403, code: RPC_CODES.invalidRequest },
  method_not_allowed: { status: 405, code: RPC_CODES.invalidRequest },
  unsupported_content_type: { status: 415, code: RPC_CODES.invalidRequest },
  not_acceptable: { status: 406, code: RPC_CODES.invalidRequest },
  body_too_large: { status: 413, code: RPC_CODES.invalidRequest },
  nested_too_deeply: { status: 400, code: RPC_CODES.invalidRequest },
  parse_error: { status: 400, code: RPC_CODES.parseError },
  invalid_request: { status: 400, code: RPC_CODES.invalidRequest },
  batch_not_allowed: { status: 400, code: RPC_CODES.invalidRequest },
  already_initialized: { status: 400, code: RPC_CODES.invalidRequest },
  invalid_params: { status: 200, code: RPC_CODES.invalidParams },
  response_not_allowed: { status: 400, code: RPC_CODES.invalidRequest },
  invalid_envelope: { status: 400, code: RPC_CODES.invalidParams },
  header_mismatch: { status: 400, code: RPC_CODES.headerMismatch },
  unsupported_protocol_version: { status: 400, code: RPC_CODES.unsupportedRevision },
  unknown_method: { status: 404, code: RPC_CODES.methodNotFound },
  session_required: { status: 400, code: RPC_CODES.badSession },
  unsupported_revision: { status: 400, code: RPC_CODES.badSession },
  session_not_found: { status: 404, code: RPC_CODES.sessionNotFound },
  too_many_sockets: { status: 429, code: RPC_CODES.badSession },
  too_many_requests: { status: 429, code: RPC_CODES.rateLimited },
  too_many_subscriptions: { status: 429, code: RPC_CODES.rateLimited },
  internal_error: { status: 500, code: RPC_CODES.internalError }
} as const;

export type RefusalReason = keyof typeof REFUSALS;

/** What a refusal says beside its reason. */
export interface RefusalDetails {
  /** The id of the request; `null` where it could not be read; absent where nothing was read. */
  readonly id?: RequestId | null;
  readonly headers?: Record<string, string>;
  readonly data?: JsonObject;
}

/** Refuses a request: every body is a JSON-RPC message, so that a client needs no second parser. */
export function refuse(reason: RefusalReason, message: string, { id, headers, data }: RefusalDetails = {}): Response {
  const { status, code } = REFUSALS[reason];
  const body = { jsonrpc: "2.0", ...(id !== undefined && { id }), error: { code, message, data: { reason, ...data } } };
  return new Response(JSON.stringify(body), { status, headers: { ...JSON_HEADERS, ...headers } });
}

/** Refuses a request that failed for no reason that was foreseen; nothing of the exception goes to the client. */
export function refuseUnforeseen(error: unknown, id: RequestId | null = null): Response {
  const correlation = crypto.randomUUID();
  console.error(JSON.stringify({ level: "error", event: "request_failed", correlation, stack: showStack(error) }));
  return refuse("internal_error", "The server failed unexpectedly. Try again.", { id, data: { correlation } });
}

/** Answers a request with a result that is JSON text already. */
export function answer(id: RequestId, result: string, headers: Record<string, string> = {}): Response {
  return new Response(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`, { headers: { ...JSON_HEADERS, ...headers } });
}

export const JSON_HEADERS = { "content-type": "application/json", "cache-control": "no-store" } as const;
