import type { CatalogSlice } from "../mcp/catalog.ts";
import type { Scope } from "../mcp/principal.ts";
import type { Request as RpcRequest } from "../mcp/protocol/json-rpc.ts";
import { refuse } from "./respond.ts";
import type { Admitted } from "./session.ts";

/**
 * Refuses a request whose caller lacks a scope, before it reaches an object: a client that can sign in asks for what is named, which
 * is all that it has and needs, because what it gets takes the place of what it had.
 * Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#scope-challenge-handling
 */
export function refuseScopes(request: RpcRequest, { slice, caller, challenge, grantable }: Admitted): Response | undefined {
  const has = caller.principal.scopes;
  const missing = scopesOf(request, slice).filter((scope) => !has.includes(scope));
  if (missing.length === 0) return undefined;
  // A client that is sent for what nobody can grant here would come back without it, again and again: the call itself says no.
  if (caller.principal.kind === "github" && missing.some((scope) => !grantable.includes(scope))) return undefined;
  const scopes = [...has, ...missing];
  return refuse("insufficient_scope", `This needs the scope ${missing.join(" and ")}, which your credentials do not have.`, {
    id: request.id,
    headers: challenge({ error: "insufficient_scope", scopes }),
    data: { scopes }
  });
}

/** What the thing that a request names asks for; nothing for one that is not there, which is answered as such. */
function scopesOf({ method, params }: RpcRequest, slice: CatalogSlice): readonly Scope[] {
  const { name, uri } = params ?? {};
  if (method === "tools/call" && typeof name === "string") return slice.tool(name)?.scopes ?? [];
  if (method === "resources/read" && typeof uri === "string") return slice.resource(uri)?.resource.scopes ?? [];
  return [];
}
