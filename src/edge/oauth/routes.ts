import type { OAuthAuthorizationServer } from "@cloudflare/workers-oauth-provider";
import { createAuthorizationServer, grantableScopes, OAUTH_PATHS } from "../../auth/authorization-server.ts";
import type { Config } from "../../config.ts";
import type { Catalog } from "../../mcp/catalog.ts";
import type { Scope } from "../../mcp/principal.ts";
import { isOverLimit, PERIOD_SECONDS } from "../address-limit.ts";
import { homeDoorOf } from "../home-stub.ts";
import { isLoopback, publicOriginOf } from "../origin.ts";
import { refuse } from "../respond.ts";
import { finishAuthorization } from "./callback.ts";
import { askConsent, takeDecision } from "./consent.ts";
import { guardRegistration, guardTokenRequest } from "./guards.ts";
import type { OAuthRequest } from "./oauth-request.ts";
import { respondWithPage } from "./page.ts";
import { renderProblemPage } from "./problem-page.ts";
import { refreshOnce } from "./refresh-once.ts";
import { answerResourceMetadata } from "./resource-metadata.ts";

/** Whether a path is one of OAuth's: some are for browsers, and none is for pages of other origins to script with somebody's cookies. */
export const isOAuthPath = (path: string): boolean =>
  path === OAUTH_PATHS.authorize || path === OAUTH_PATHS.callback || path.startsWith("/oauth/") || path.startsWith("/.well-known/oauth-");

/** Serves the authorization server's endpoints, metadata and pages. */
export async function serveOAuth(
  request: Request,
  url: URL,
  env: Env,
  ctx: ExecutionContext,
  { catalog, config }: { readonly catalog: Catalog; readonly config: Config }
): Promise<Response> {
  const { signIn, keyring } = config;
  if (!signIn || !keyring)
    return refuse("no_such_path", "Nobody can sign in here: use an API key. Whoever runs this finds how in docs/deploy.md.");
  const origin = publicOriginOf(url);
  if (url.origin !== origin) return new Response(null, { status: 308, headers: { location: `${origin}${url.pathname}${url.search}` } });
  const grantable = grantableScopes(config);
  const server = serverOf(origin, catalog, grantable);
  const asked: OAuthRequest = { request, url, env, server, signIn, grantable };
  switch (url.pathname) {
    case OAUTH_PATHS.authorize:
      return serveAuthorize(asked);
    case OAUTH_PATHS.callback:
      return request.method === "GET" ? finishAuthorization(asked) : refuseMethod("GET");
    case OAUTH_PATHS.token:
      return guardTokenRequest(request, (guarded) => refreshOnce(guarded, ctx, (alone) => server.fetch(alone, env, ctx)));
    case OAUTH_PATHS.register:
      return guardRegistration(request, env, (guarded) => server.fetch(guarded, env, ctx));
    case OAUTH_PATHS.metadata:
      return server.fetch(request, env, ctx);
    default:
      return answerResourceMetadata(request, url, catalog) ?? refuse("no_such_path", "Nothing is served here.");
  }
}

async function serveAuthorize(asked: OAuthRequest): Promise<Response> {
  const { request, url, env } = asked;
  switch (request.method) {
    case "GET": {
      const isShed = !isLoopback(url.hostname) && (await isOverLimit(request, env.SIGN_IN_LIMIT));
      return isShed ? refuseManySignIns() : askConsent(asked);
    }
    case "POST":
      return takeDecision(asked);
    default:
      return refuseMethod("GET, POST");
  }
}

function refuseManySignIns(): Response {
  const page = renderProblemPage({
    title: "Too many sign-ins",
    message: "Too many sign-ins were begun from your address.",
    hint: `Wait for ${PERIOD_SECONDS} seconds, then start again from your app.`
  });
  return respondWithPage(page, 429, { "retry-after": String(PERIOD_SECONDS) });
}

function refuseMethod(allow: string): Response {
  const page = renderProblemPage({
    title: "Not like this",
    message: "This address is opened in a browser.",
    hint: "Start again from your app."
  });
  return respondWithPage(page, 405, { allow });
}

/** Deployments have a few origins; what is made for one is kept. */
const servers = new Map<string, OAuthAuthorizationServer<Env>>();
const MAX_SERVERS = 20;

function serverOf(origin: string, { paths }: Catalog, scopes: readonly Scope[]): OAuthAuthorizationServer<Env> {
  const known = servers.get(origin);
  if (known) return known;
  const server = createAuthorizationServer({
    origin,
    paths,
    scopes,
    onFresh: (caller, env) => homeDoorOf(caller.principal, env.HOME).renewCredentials(caller)
  });
  if (servers.size >= MAX_SERVERS) servers.clear();
  servers.set(origin, server);
  return server;
}
