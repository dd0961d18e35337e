import type { Json, JsonObject } from "../../lib/json.ts";
import { isJsonObject } from "../../lib/json.ts";

/** JSON-RPC 2.0 as MCP uses it: an id is a string or a whole number, params an object. */
export type RequestId = string | number;

export interface Request {
  readonly jsonrpc: "2.0";
  readonly id: RequestId;
  readonly method: string;
  readonly params?: JsonObject;
}

export interface Notification {
  readonly jsonrpc: "2.0";
  readonly method: string;
  readonly params?: JsonObject;
}

export interface Response {
  readonly jsonrpc: "2.0";
  readonly id: RequestId;
  readonly result?: JsonObject;
  readonly error?: RpcErrorBody;
}

export interface RpcErrorBody {
  readonly code: number;
  readonly message: string;
  readonly data?: Json;
}

export type Message = Request | Notification | Response;

/**
 * Each JSON-RPC code that the server sends. Those from -32000 on are MCP's own: the first three of the sessionful era, the next of
 * the stateless one, https://modelcontextprotocol.io/specification/2026-07-28/basic#error-codes. The last is ours.
 */
export const RPC_CODES = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  badSession: -32000,
  sessionNotFound: -32001,
  resourceNotFound: -32002,
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedRevision: -32022,
  // JSON-RPC reserves -32768 to -32000, and MCP assigns codes in it: https://www.jsonrpc.org/specification#error_object
  rateLimited: 1429
} as const;

/** Narrows parsed JSON to a message; everything that the protocol does not allow is refused. */
export function isMessage(value: unknown): value is Message {
  if (!isJsonObject(value) || value.jsonrpc !== "2.0") return false;
  const { id, method, params, result, error } = value;
  if (params !== undefined && !isJsonObject(params)) return false;
  if (method !== undefined) return typeof method === "string" && (id === undefined || isRequestId(id));
  return isRequestId(id) && (isJsonObject(result) || (isJsonObject(error) && typeof error.code === "number"));
}

export function isRequest(message: Message): message is Request {
  return "method" in message && "id" in message;
}

export function isNotification(message: Message): message is Notification {
  return "method" in message && !("id" in message);
}

export function isResponse(message: Message): message is Response {
  return !("method" in message);
}

export function isRequestId(value: unknown): value is RequestId {
  return typeof value === "string" || (typeof value === "number" && Number.isSafeInteger(value));
}
