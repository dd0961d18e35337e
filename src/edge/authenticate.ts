import { AccessTokens, accessTokensOf } from "../auth/access-tokens.ts";
import type { ApiKeys } from "../auth/api-keys.ts";
import { localCaller } from "../auth/local.ts";
import type { Config } from "../config.ts";
import type { Caller } from "../mcp/principal.ts";
import type { ChallengeHeader } from "./challenge.ts";
import { refuse } from "./respond.ts";

/** What {@link authenticate} looks at. */
export interface Credible {
  readonly url: URL;
  readonly env: Env;
  readonly config: Config;
  readonly keys: ApiKeys;
  readonly challenge: ChallengeHeader;
}

/** Finds out who calls, or refuses. Credentials come in the Authorization header only. */
export async function authenticate(request: Request, credible: Credible): Promise<Caller | Response> {
  const { url, env, config, keys, challenge } = credible;
  if (url.searchParams.has("access_token"))
    return refuseToken("A token in the address ends up in logs; send it in the Authorization header.", challenge);
  const authorization = request.headers.get("authorization");
  if (authorization === null) {
    if (config.isLocal) return localCaller(config.localScopes);
    return (await refuseUnconfigured(config, keys)) ?? refuse("credentials_required", howToComeIn(config), { headers: challenge() });
  }
  const [, token] = /^Bearer +([\w.~+/=:-]+)$/i.exec(authorization) ?? [];
  const caller = token === undefined ? undefined : await callerOf(token, url, env, config, keys);
  if (caller) return caller;
  const unconfigured = config.isLocal ? undefined : await refuseUnconfigured(config, keys);
  return unconfigured ?? refuseToken("The credentials are malformed, wrong, revoked or expired.", challenge);
}

async function callerOf(token: string, url: URL, env: Env, { signIn }: Config, keys: ApiKeys): Promise<Caller | undefined> {
  if (!AccessTokens.matches(token)) return keys.authenticate(token);
  return signIn ? accessTokensOf(env).authenticate(token, url) : undefined;
}

function howToComeIn({ signIn }: Config): string {
  const byKey = "Authorization: Bearer dm_…";
  return signIn ? `Sign in with OAuth, or send an API key: ${byKey}` : `This server needs an API key: ${byKey}`;
}

const refuseToken = (message: string, challenge: ChallengeHeader): Response =>
  refuse("invalid_token", message, { headers: challenge({ error: "invalid_token" }) });

async function refuseUnconfigured({ signIn }: Config, keys: ApiKeys): Promise<Response | undefined> {
  if (signIn || (await keys.hasAny())) return undefined;
  return refuse("not_configured", "Nobody can sign in: no API key was made. Run: npm run keys -- create --remote");
}
