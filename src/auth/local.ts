import { rememberLast } from "../lib/remember.ts";
import { type Caller, NO_CREDENTIALS, type Scope } from "../mcp/principal.ts";

/** Whoever sits at the machine that runs `wrangler dev`. */
export const localCaller = rememberLast(
  (scopes: readonly Scope[]): Caller => ({
    principal: { id: "local", kind: "local", clientId: "local", scopes },
    credentials: NO_CREDENTIALS
  })
);
