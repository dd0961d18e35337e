import type { Caller, Principal } from "../mcp/principal.ts";
import { accessTokensOf } from "./access-tokens.ts";
import { ApiKeys } from "./api-keys.ts";

let keys: ApiKeys | undefined;

/**
 * Whether credentials that were let in still would be, by their proof. A key that was revoked, rotated or has expired is not; nor
 * is a token or grant that is gone.
 */
export async function isStillValid({ kind, clientId }: Principal, proof: string | undefined, env: Env): Promise<boolean> {
  if (kind === "local") return true;
  if (proof === undefined) return false;
  if (kind === "github") return accessTokensOf(env).isStillValid(proof);
  keys ??= new ApiKeys(env.KEYS);
  return keys.isStillValid(clientId, proof);
}

/** Ends the access of a caller: GitHub refuses what it acts with. Its client refreshes, or signs in again. */
export const endAccess = (caller: Caller, env: Env): Promise<void> => accessTokensOf(env).endAccess(caller);
