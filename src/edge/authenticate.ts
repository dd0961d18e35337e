import type { ApiKeys } from "../auth/api-keys.ts";
import { localCaller } from "../auth/local.ts";
import type { Config } from "../config.ts";
import type { Caller } from "../mcp/principal.ts";
import { refuse } from "./respond.ts";

/** Finds out who calls, or refuses. Credentials come in the Authorization header only. */
export async function authenticate(request: Request, url: URL, config: Config, keys: ApiKeys): Promise<Caller | Response> {
  if (url.searchParams.has("access_token"))
    return refuseToken("A token in the address ends up in logs; send it in the Authorization header.");
  const authorization = request.headers.get("authorization");
  if (authorization === null) {
    if (config.isLocal) return localCaller(config.localScopes);
    return (
      (await refuseUnconfigured(keys)) ??
      refuse("credentials_required", "This server needs an API key: Authorization: Bearer dm_…", CHALLENGE)
    );
  }
  const [, token] = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization) ?? [];
  const authenticated = token === undefined ? undefined : await keys.authenticate(token);
  if (authenticated) return authenticated;
  const unconfigured = config.isLocal ? undefined : await refuseUnconfigured(keys);
  return unconfigured ?? refuseToken("The credentials are malformed, wrong, revoked or expired.");
}

const CHALLENGE = { headers: { "www-authenticate": 'Bearer realm="dormouse"' } };

function refuseToken(message: string): Response {
  return refuse("invalid_token", message, { headers: { "www-authenticate": 'Bearer realm="dormouse", error="invalid_token"' } });
}

async function refuseUnconfigured(keys: ApiKeys): Promise<Response | undefined> {
  if (await keys.hasAny()) return undefined;
  return refuse("not_configured", "Nobody can sign in: no API key was made. Run: npm run keys -- create --remote");
}
