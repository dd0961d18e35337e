import type { Config } from "../config.ts";
import { rememberLast } from "../lib/remember.ts";
import { refuse } from "./respond.ts";

/**
 * Checks where a request was sent to and which page sent it. On loopback both must be loopback, which defeats DNS rebinding;
 * a deployed server takes any Host that reached it. `undefined` if the request may go on.
 * Source: https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#security-warning
 */
export function checkOrigin(request: Request, url: URL, config: Config): Response | undefined {
  const refused = checkHost(request, url, config);
  if (refused) return refused;
  const origin = request.headers.get("origin");
  if (origin === null || config.allowedOrigins.has(origin)) return undefined;
  if (isLocalHost(request, url) && isLoopback(hostnameOf(origin))) return undefined;
  return refuse("origin_not_allowed", "Pages of this origin may not call this server. Whoever runs it can add it to ALLOWED_ORIGINS.");
}

/** The origin that people and clients know the server by: plain HTTP is for this machine only. */
export function publicOriginOf(url: URL): string {
  return isLoopback(url.hostname) ? url.origin : `https://${url.host}`;
}

/** Checks where a request was sent to. */
export function checkHost(request: Request, url: URL, config: Config): Response | undefined {
  if (!config.isLocal || isLocalHost(request, url)) return undefined;
  return refuse("host_not_allowed", "This server runs in local mode and answers on loopback only. For any other host, deploy it.");
}

const isLocalHost = (request: Request, url: URL): boolean =>
  isLoopback(url.hostname) && isLoopbackHost(request.headers.get("host") ?? url.host);

/** Whether a host name is this machine's own. */
export const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);

const isLoopbackHost = rememberLast((host: string): boolean => isLoopback(hostnameOf(`http://${host}`)));

const hostnameOf = (url: string): string => (URL.canParse(url) ? new URL(url).hostname : "");
