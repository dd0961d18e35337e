import {
  GrantType,
  OAuthAuthorizationServer,
  OAuthError,
  type TokenExchangeCallbackOptions,
  type TokenExchangeCallbackResult
} from "@cloudflare/workers-oauth-provider";
import { type Config, DEFAULTS, readConfig, type SignInConfig } from "../config.ts";
import { withTimeout } from "../lib/timeout.ts";
import { type Caller, DEFAULT_SCOPES, type Scope } from "../mcp/principal.ts";
import { refuseRegistration } from "./client-rules.ts";
import { type GrantProps, grantKey, type TokenProps, toPrincipal } from "./github-grant.ts";
import { isAccepted, refreshTokens, SignInFailed } from "./github-sign-in.ts";

/** What a person can grant on every server. */
export const GRANTABLE_SCOPES: readonly Scope[] = ["mcp:use", "mcp:delete", "github:read", "github:write"];

/**
 * What a person can grant. The tables and logs of AWS are the deployer's: who may read them stands in `AWS_PRINCIPALS`, and a person only
 * says whether a client may do it for them. Nobody is known by then, so it is offered to all.
 */
export const grantableScopes = ({ aws }: Pick<Config, "aws">): readonly Scope[] =>
  aws ? [...GRANTABLE_SCOPES, "aws:read"] : GRANTABLE_SCOPES;

/** What any use needs; a client asks for these first, and for more when a tool needs it. */
export const BASE_SCOPES = DEFAULT_SCOPES;

/** Where the parts of OAuth are served. */
export const OAUTH_PATHS = {
  authorize: "/authorize",
  callback: "/callback",
  token: "/oauth/token",
  register: "/oauth/register",
  metadata: "/.well-known/oauth-authorization-server",
  resource: "/.well-known/oauth-protected-resource"
} as const;

/** What {@link createAuthorizationServer} is told of the server that it guards. */
export interface AuthorizationServerOptions {
  /** As clients see it; nothing must be known of it before the first request. */
  readonly origin: string;
  /** The paths below `/mcp`: each is a resource of its own. */
  readonly paths: readonly string[];
  /** What a person can grant; {@link GRANTABLE_SCOPES} if absent. */
  readonly scopes?: readonly Scope[];
  /** Somebody has signed in, or has fresh credentials. What waits for them may go on. */
  onFresh(caller: Caller, env: Env): Promise<void>;
}

/** The authorization server of one origin: the library's, with our rules. Grants and tokens are the library's to keep. */
export function createAuthorizationServer({
  origin,
  paths,
  scopes = GRANTABLE_SCOPES,
  onFresh
}: AuthorizationServerOptions): OAuthAuthorizationServer<Env> {
  return new OAuthAuthorizationServer<Env>({
    issuer: origin,
    resources: paths.map((path) => resourceOf(origin, path)),
    defaultResource: resourceOf(origin, ""),
    authorizeEndpoint: `${origin}${OAUTH_PATHS.authorize}`,
    tokenEndpoint: `${origin}${OAUTH_PATHS.token}`,
    clientRegistrationEndpoint: OAUTH_PATHS.register,
    clientRegistrationCallback: ({ clientMetadata }) => refuseRegistration(clientMetadata),
    clientIdMetadataDocumentEnabled: true,
    // Cursor and other native programs come back to a scheme of their own.
    allowPrivateUseRedirectUris: true,
    scopesSupported: [...scopes, "offline_access"],
    accessTokenTTL: DEFAULTS.oauth.accessTokenMs / 1000,
    refreshTokenTTL: DEFAULTS.oauth.grantMs / 1000,
    refreshTokenIdleTTL: DEFAULTS.oauth.grantMs / 1000,
    tokenExchangeCallback: (exchange) => freshen(exchange, onFresh),
    onError({ code, status, headers, internal }) {
      const { category, reason } = internal;
      console.warn(JSON.stringify({ level: "warn", event: "oauth_refused", code, status, category, reason }));
      return category === "client-id-metadata-document" ? refuseUnreadDocument(headers) : undefined;
    }
  });
}

/**
 * The library says `invalid_client` of a client whose document it cannot read. A client that is told so forgets its credentials, and
 * with it everybody would have to sign in again because the document's host was away for a moment.
 */
function refuseUnreadDocument(headers: Record<string, string>): Response {
  const error_description = "The client's metadata document could not be read. Try again in a minute.";
  return Response.json(
    { error: "temporarily_unavailable", error_description },
    { status: 503, headers: { ...headers, "retry-after": "60" } }
  );
}

/** The resource that is served at a path below `/mcp`. */
export const resourceOf = (origin: string, path: string): string => `${origin}/mcp${path}`;

/**
 * Gives a token what it acts with, fresh: the tokens of a GitHub App are renewed when they would end before the access token does.
 * @throws OAuthError; `invalid_grant` ends the grant, because the person took it back at GitHub.
 */
async function freshen(
  { grantType, userId, grantId, clientId, requestedScope, props, env }: TokenExchangeCallbackOptions<Env>,
  onFresh: AuthorizationServerOptions["onFresh"]
): Promise<TokenExchangeCallbackResult> {
  const { signIn } = readConfig(env);
  if (!signIn) throw new OAuthError("temporarily_unavailable", { description: "Nobody can sign in at present.", statusCode: 503 });
  const known = props as GrantProps; // as it was granted, or as this function left it
  if (signIn.allowedLogins && !signIn.allowedLogins.has(known.login.toLowerCase()))
    throw new OAuthError("invalid_grant", { description: "Your account may no longer use this server." });
  const grant = await renew(known, signIn);
  const isOld = grantType === GrantType.REFRESH_TOKEN && grant === known;
  if (isOld && !(await isAccepted(signIn, grant.githubToken))) throw takenBack();
  const proof = grantKey(userId, grantId);
  const credentials = { proof, lastingProof: proof, expiresMs: undefined, githubToken: grant.githubToken };
  await tell(onFresh({ principal: toPrincipal(userId, clientId, requestedScope), credentials }, env));
  const accessTokenProps: TokenProps = { login: grant.login, githubToken: grant.githubToken };
  const leftSeconds = grant.githubExpiresMs === undefined ? undefined : Math.floor((grant.githubExpiresMs - Date.now()) / 1000);
  const accessTokenTTL = Math.max(MIN_TTL_SECONDS, Math.min(DEFAULTS.oauth.accessTokenMs / 1000, leftSeconds ?? Number.POSITIVE_INFINITY));
  return { newProps: grant, accessTokenProps, accessTokenTTL };
}

const takenBack = () => new OAuthError("invalid_grant", { description: "GitHub no longer accepts this sign-in. Sign in again." });

/** KV's own. */
const MIN_TTL_SECONDS = 60;

/** How long who waits for credentials may take to say that it has them. */
const TELL_MS = 3000;

/** GitHub's tokens end with their renewal, and a client may come twice at once: the second gets what the first got. */
const renewals = new Map<string, { readonly atMs: number; readonly tokens: ReturnType<typeof refreshTokens> }>();
const RENEWAL_KEPT_MS = 60_000;

async function renew(grant: GrantProps, config: SignInConfig): Promise<GrantProps> {
  const { githubRefreshToken, githubExpiresMs, login } = grant;
  if (githubRefreshToken === undefined || githubExpiresMs === undefined) return grant;
  if (githubExpiresMs - Date.now() > DEFAULTS.oauth.accessTokenMs) return grant;
  for (const [key, { atMs }] of renewals) if (Date.now() - atMs > RENEWAL_KEPT_MS) renewals.delete(key);
  const renewal = renewals.get(githubRefreshToken) ?? { atMs: Date.now(), tokens: refreshTokens(config, githubRefreshToken) };
  renewals.set(githubRefreshToken, renewal);
  try {
    return { login, ...(await renewal.tokens) };
  } catch (error) {
    renewals.delete(githubRefreshToken);
    if (!(error instanceof SignInFailed)) throw error;
    if (error.isFinal) throw takenBack();
    throw new OAuthError("temporarily_unavailable", {
      description: "GitHub cannot be reached. Try again in a minute.",
      statusCode: 503,
      headers: { "retry-after": "60" }
    });
  }
}

/** A token is given whether or not anybody waited for it, and soon. */
async function tell(told: Promise<void>): Promise<void> {
  try {
    await withTimeout(TELL_MS, undefined, async (signal) => {
      await Promise.race([told, new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))]);
    });
  } catch (error) {
    console.error(JSON.stringify({ level: "error", event: "sign_in_not_told", error: String(error) }));
  }
}
