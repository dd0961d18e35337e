import { BASE_SCOPES, OAUTH_PATHS, resourceOf } from "../../auth/authorization-server.ts";
import type { Catalog } from "../../mcp/catalog.ts";

/**
 * Tells which authorization server guards an address of this one; `undefined` for an address that is not served. Each path below
 * `/mcp` is a resource of its own, as the comparison of section 3.3 asks.
 * Source: https://www.rfc-editor.org/rfc/rfc9728
 */
export function answerResourceMetadata({ method }: Request, { origin, pathname }: URL, { paths, info }: Catalog): Response | undefined {
  const path = paths.find((candidate) => pathname === `${OAUTH_PATHS.resource}/mcp${candidate}`);
  if (path === undefined) return undefined;
  if (method === "OPTIONS") return new Response(null, { status: 204, headers: READABLE });
  if (method !== "GET" && method !== "HEAD")
    return new Response(null, { status: 405, headers: { ...READABLE, allow: "GET, HEAD, OPTIONS" } });
  const metadata = {
    resource: resourceOf(origin, path),
    authorization_servers: [origin],
    scopes_supported: BASE_SCOPES,
    bearer_methods_supported: ["header"],
    resource_name: info.title
  };
  const headers = { ...READABLE, "content-type": "application/json", "cache-control": "public, max-age=300" };
  return new Response(method === "HEAD" ? null : JSON.stringify(metadata), { headers });
}

/** It is public, and the same for everybody. */
const READABLE = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, HEAD, OPTIONS",
  "access-control-allow-headers": "*, Authorization, MCP-Protocol-Version"
} as const;
