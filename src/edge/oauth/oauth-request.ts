import type { OAuthAuthorizationServer } from "@cloudflare/workers-oauth-provider";
import type { SignInConfig } from "../../config.ts";
import type { Scope } from "../../mcp/principal.ts";

/** A request for one of OAuth's pages, and what it is served with. */
export interface OAuthRequest {
  readonly request: Request;
  readonly url: URL;
  readonly env: Env;
  readonly server: OAuthAuthorizationServer<Env>;
  readonly signIn: SignInConfig;
  /** What a person can grant. */
  readonly grantable: readonly Scope[];
}
