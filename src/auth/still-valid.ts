import type { Principal } from "../mcp/principal.ts";
import { ApiKeys } from "./api-keys.ts";

let keys: ApiKeys | undefined;

/** Whether credentials that were let in still would be. A key that was revoked, rotated or has expired is not. */
export async function isStillValid(
  { principal, credential }: { principal: Principal; credential: string | undefined },
  env: Env
): Promise<boolean> {
  if (principal.kind === "local") return true;
  keys ??= new ApiKeys(env.KEYS);
  return credential !== undefined && keys.isStillValid(principal.clientId, credential);
}
