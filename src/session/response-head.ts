import { toRateLimitHeaders } from "../mcp/calls/rate-limited.ts";
import { type Message, RPC_CODES } from "../mcp/protocol/json-rpc.ts";
import type { ResponseHead } from "./exchange.ts";

/** The HTTP status of each error of an object that is not answered with 200, as a result is. */
const STATUS_OF_ERROR: Readonly<Record<number, number>> = { [RPC_CODES.missingCapability]: 400, [RPC_CODES.rateLimited]: 429 };

/** What the response to a single request says before its body. */
export function headOf(answer: Message): ResponseHead {
  const error = "error" in answer ? answer.error : undefined;
  return error ? { status: STATUS_OF_ERROR[error.code] ?? 200, headers: toRateLimitHeaders(error) } : { status: 200 };
}
