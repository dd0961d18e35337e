import { isScope, type Principal } from "../mcp/principal.ts";

/** What the library keeps of a grant, encrypted under the tokens that were issued for it. */
export interface GrantProps {
  readonly login: string;
  /** What the person acts with at GitHub. */
  readonly githubToken: string;
  /** Both absent where the app's tokens do not expire, as those of an OAuth app. */
  readonly githubRefreshToken?: string;
  /** Milliseconds since the epoch. */
  readonly githubExpiresMs?: number;
}

/** What an access token gives: a client that holds it cannot make GitHub refresh anything. */
export type TokenProps = Pick<GrantProps, "login" | "githubToken">;

/** What can be read of a grant without its tokens. */
export interface GrantMetadata {
  readonly login: string;
}

/** Who signed in. The library's name of a user is the number that GitHub gave them. */
export function toPrincipal(userId: string, clientId: string, scopes: readonly string[]): Principal {
  return { id: `github:${userId}`, kind: "github", clientId, scopes: scopes.filter(isScope) };
}

/** Where the library keeps a grant: https://github.com/cloudflare/workers-oauth-provider/blob/main/storage-schema.md */
export const grantKey = (userId: string, grantId: string): string => `grant:${userId}:${grantId}`;

/** Where it keeps an access token, by its digest. */
export const tokenKey = (userId: string, grantId: string, tokenId: string): string => `token:${userId}:${grantId}:${tokenId}`;
