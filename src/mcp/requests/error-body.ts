import { showStack } from "../calls/redact.ts";
import { RpcError } from "../errors.ts";
import type { RpcErrorBody } from "../protocol/json-rpc.ts";
import { RPC_CODES } from "../protocol/json-rpc.ts";

/** What a client is told of an error. Only what the methods threw on purpose reaches it; the rest is logged. */
export function toErrorBody(error: unknown): RpcErrorBody {
  if (error instanceof RpcError) return { code: error.code, message: error.message, data: error.data };
  const correlation = crypto.randomUUID();
  console.error(JSON.stringify({ level: "error", event: "method_failed", correlation, stack: showStack(error) }));
  return { code: RPC_CODES.internalError, message: "This failed unexpectedly.", data: { reason: "unforeseen", correlation } };
}
