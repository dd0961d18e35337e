import { RpcError } from "../errors.ts";
import { RPC_CODES, type RpcErrorBody } from "../protocol/json-rpc.ts";

/** At most `limit` calls of tools in any `windowMs`. */
export interface RateRule {
  readonly limit: number;
  readonly windowMs: number;
}

/** The principal has called as often as it may. No row is made of it. */
export class RateLimited extends RpcError {
  constructor({ limit, windowMs }: RateRule, retryAfterMs: number) {
    const retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
    const windowSeconds = Math.round(windowMs / 1000);
    const message = `You may call ${limit} tools in ${windowSeconds} s. Try again in ${retryAfterSeconds} s.`;
    super(RPC_CODES.rateLimited, message, { reason: "rate_limited", retryAfterSeconds, limit, windowSeconds });
  }
}

/**
 * What an HTTP response says beside the error of {@link RateLimited}; `undefined` for another error.
 * Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
 */
export function toRateLimitHeaders({ code, data }: RpcErrorBody): Record<string, string> | undefined {
  if (code !== RPC_CODES.rateLimited) return undefined;
  const { retryAfterSeconds, limit, windowSeconds } = data as { retryAfterSeconds: number; limit: number; windowSeconds: number }; // as above
  return {
    "retry-after": String(retryAfterSeconds),
    ratelimit: `"tools";r=0;t=${retryAfterSeconds}`,
    "ratelimit-policy": `"tools";q=${limit};w=${windowSeconds}`
  };
}
