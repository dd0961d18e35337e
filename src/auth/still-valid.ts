import type { Principal } from "../mcp/principal.ts";
import { ApiKeys } from "./api-keys.ts";

let keys: ApiKeys | undefined;

/** Whether credentials that were let in still would be, by their proof. A key that was revoked, rotated or has expired is not. */
export async function isStillValid({ kind, clientId }: Principal, proof: string | undefined, env: Env): Promise<boolean> {
  if (kind === "local") return true;
  keys ??= new ApiKeys(env.KEYS);
  return proof !== undefined && keys.isStillValid(clientId, proof);
}
