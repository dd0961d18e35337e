import { BASE_SCOPES, OAUTH_PATHS } from "../auth/authorization-server.ts";
import type { Catalog } from "../mcp/catalog.ts";
import type { Scope } from "../mcp/principal.ts";
import { publicOriginOf } from "./origin.ts";

/** What is wrong with credentials. */
export interface Challenge {
  readonly error?: "invalid_token" | "insufficient_scope";
  /** All that the request needs; what any use needs if absent. */
  readonly scopes?: readonly Scope[];
}

/** Says in `WWW-Authenticate` what a client lacks, and where it is told how to get it. */
export type ChallengeHeader = (challenge?: Challenge) => { readonly "www-authenticate": string };

/**
 * Makes the challenges of one address. Where nobody can sign in they name no way to do it.
 * Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization and https://www.rfc-editor.org/rfc/rfc9728#section-5.1
 */
export function createChallenge(url: URL, slicePath: string, catalog: Catalog, canSignIn: boolean): ChallengeHeader {
  const path = slicePath.replace(/\/$/, "");
  const metadata = `${publicOriginOf(url)}${OAUTH_PATHS.resource}/mcp${catalog.paths.includes(path) ? path : ""}`;
  return ({ error, scopes = BASE_SCOPES } = {}) => {
    const said = { realm: "dormouse", error, ...(canSignIn && { resource_metadata: metadata, scope: scopes.join(" ") }) };
    const parameters = Object.entries(said).filter(([, value]) => value !== undefined);
    return { "www-authenticate": `Bearer ${parameters.map(([name, value]) => `${name}="${value}"`).join(", ")}` };
  };
}
