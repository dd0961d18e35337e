import type { Caller, Principal } from "../mcp/principal.ts";
import { AccessTokens } from "./access-tokens.ts";
import { ApiKeys } from "./api-keys.ts";

let keys: ApiKeys | undefined;
let tokens: AccessTokens | undefined;

/**
 * Whether credentials that were let in still would be, by their proof. A key that was revoked, rotated or has expired is not; nor
 * is a token or grant that is gone.
 */
export async function isStillValid({ kind, clientId }: Principal, proof: string | undefined, env: Env): Promise<boolean> {
  if (kind === "local") return true;
  if (proof === undefined) return false;
  if (kind === "key") {
    keys ??= new ApiKeys(env.KEYS);
    return keys.isStillValid(clientId, proof);
  }
  tokens ??= new AccessTokens(env);
  return tokens.isStillValid(proof);
}

/** Ends what a caller signed in with: GitHub has said that it is worth nothing any more. */
export async function endGrant(caller: Caller, env: Env): Promise<void> {
  tokens ??= new AccessTokens(env);
  await tokens.endGrant(caller);
}
