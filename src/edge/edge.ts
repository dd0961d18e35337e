import { ApiKeys } from "../auth/api-keys.ts";
import { grantableScopes } from "../auth/authorization-server.ts";
import { isStillValid } from "../auth/still-valid.ts";
import { type Config, readConfig } from "../config.ts";
import type { Catalog } from "../mcp/catalog.ts";
import type { Caller } from "../mcp/principal.ts";
import { limitAddress } from "./address-limit.ts";
import { authenticate } from "./authenticate.ts";
import { createChallenge } from "./challenge.ts";
import { eraOf, isOfStatelessHeader } from "./classify.ts";
import { answerPreflight, withCors } from "./cors.ts";
import { answerHealth } from "./health.ts";
import { isOAuthPath, serveOAuth } from "./oauth/routes.ts";
import { checkHost, checkOrigin } from "./origin.ts";
import { readMessage } from "./read-message.ts";
import { refuse, refuseUnforeseen } from "./respond.ts";
import { readResultPath, serveResultDownload } from "./result.ts";
import type { Admitted } from "./session.ts";
import { endSession, serveSessionful } from "./sessionful.ts";
import { serveSocket } from "./socket.ts";
import { serveStateless } from "./stateless.ts";
import { serveStream } from "./stream.ts";

/** The Worker: limits → origin → authenticate → classify once → session. It keeps no state. */
export function createEdge(
  catalog: Catalog
): ExportedHandler<Env> & { fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> } {
  let keys: ApiKeys | undefined;
  return {
    async fetch(request, env, ctx) {
      try {
        keys ??= new ApiKeys(env.KEYS);
        return await admit(request, env, ctx, { catalog, config: readConfig(env), keys });
      } catch (error) {
        return refuseUnforeseen(error);
      }
    }
  };
}

interface Deployment {
  readonly catalog: Catalog;
  readonly config: Config;
  readonly keys: ApiKeys;
}

async function admit(request: Request, env: Env, ctx: ExecutionContext, deployment: Deployment): Promise<Response> {
  const { catalog, config, keys } = deployment;
  const url = new URL(request.url);
  if (url.pathname === "/health") return answerHealth(catalog, config, keys);
  const shed = config.isLocal ? undefined : await limitAddress(request, env.ADDRESS_LIMIT);
  if (shed) return shed;
  // Its pages are opened from anywhere, and its endpoints are any page's to ask: they know nobody by a cookie alone.
  if (isOAuthPath(url.pathname)) return checkHost(request, url, config) ?? serveOAuth(request, url, env, ctx, deployment);
  const refused = checkOrigin(request, url, config);
  if (refused) return refused;
  if (request.method === "OPTIONS") return answerPreflight(request);
  try {
    return withCors(request, await serve(request, url, env, deployment));
  } catch (error) {
    return withCors(request, refuseUnforeseen(error)); // readable to a page whose origin was let through
  }
}

async function serve(request: Request, url: URL, env: Env, { catalog, config, keys }: Deployment): Promise<Response> {
  const result = readResultPath(url.pathname);
  if (result !== undefined) return serveResultDownload(request, result, { url, env, keys, catalog, config });
  const { keyring } = config;
  if (!keyring) return refuse("not_configured", "DORMOUSE_SECRET is not set. Run: npm run deploy");
  const slicePath = MCP_PATH.exec(url.pathname)?.[1];
  if (slicePath === undefined) return refuse("no_such_path", "Nothing is served here. The server's address ends in /mcp.");
  const challenge = createChallenge(url, slicePath, catalog, config.signIn !== undefined);
  const caller = await authenticate(request, { url, env, config, keys, challenge });
  if (caller instanceof Response) return caller;
  const slice = catalog.sliceAt(slicePath);
  if (!slice) return refuse("no_such_path", "There is no such toolset. Use /mcp, or /mcp/x/all for everything.");
  const admitted: Admitted = {
    catalog,
    slice,
    slicePath,
    caller,
    challenge,
    grantable: grantableScopes(config),
    isStillGood: () => isStillGood(caller, env),
    keyring,
    sessions: env.SESSION,
    homes: env.HOME
  };
  if (request.method !== "POST" && isOfStatelessHeader(request.headers) && !isUpgrade(request)) return refuseMethod("POST");
  switch (request.method) {
    case "POST":
      return servePost(request, admitted);
    case "GET":
      return isUpgrade(request) ? serveSocket(request, url, admitted) : serveStream(request, admitted);
    case "DELETE":
      return endSession(request, admitted);
    default:
      return refuseMethod("GET, POST, DELETE, OPTIONS");
  }
}

async function isStillGood({ principal, credentials }: Caller, env: Env): Promise<boolean> {
  const { proof, expiresMs } = credentials;
  return (expiresMs === undefined || Date.now() < expiresMs) && isStillValid(principal, proof, env);
}

const refuseMethod = (allow: string): Response => refuse("method_not_allowed", `Send one of ${allow}.`, { headers: { allow } });

async function servePost(request: Request, admitted: Admitted): Promise<Response> {
  const body = await readMessage(request);
  if (body instanceof Response) return body;
  return eraOf(body.message, request.headers) === "stateless"
    ? serveStateless(request, body, admitted)
    : serveSessionful(request, body, admitted);
}

const isUpgrade = (request: Request): boolean => request.headers.get("upgrade")?.toLowerCase() === "websocket";

const MCP_PATH = /^\/mcp((?:\/.*)?)$/;
