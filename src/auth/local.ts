import { rememberLast } from "../lib/remember.ts";
import type { Principal, Scope } from "../mcp/principal.ts";

/** Whoever sits at the machine that runs `wrangler dev`. */
export const localPrincipal = rememberLast(
  (scopes: readonly Scope[]): Principal => ({ id: "local", kind: "local", clientId: "local", scopes })
);
