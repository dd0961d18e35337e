/** What a principal may do. `mcp:use` covers its own history and results. */
export const SCOPES = ["mcp:use", "mcp:delete", "github:read", "github:write", "aws:read"] as const;

export type Scope = (typeof SCOPES)[number];

/** The scopes of `local` and of a key that was created without a list. */
export const DEFAULT_SCOPES: readonly Scope[] = ["mcp:use", "github:read"];

/** Who calls, after authentication. */
export interface Principal {
  /** Stable over time: `github:<numeric id>`, `key:<kid>` or `local`. */
  readonly id: string;
  readonly kind: "github" | "key" | "local";
  /** The client the credentials were issued to; for a key, its `kid`. */
  readonly clientId: string;
  readonly scopes: readonly Scope[];
}

/** What a caller has shown, for as long as the request lives. What of it must outlive the request is sealed. */
export interface Credentials {
  /** Where the record stands without which they are worth nothing, or its hash. It tells nothing of them. Absent for `local`. */
  readonly proof: string | undefined;
  /** The same of what outlives them: the grant that a token was issued under. */
  readonly lastingProof: string | undefined;
  /** When they expire, milliseconds since the epoch. */
  readonly expiresMs: number | undefined;
  /** What the principal acts with on GitHub; absent where the server's own token does. */
  readonly githubToken: string | undefined;
}

/** Who calls, and with what. */
export interface Caller {
  readonly principal: Principal;
  readonly credentials: Credentials;
}

/** Of who needs none. */
export const NO_CREDENTIALS: Credentials = { proof: undefined, lastingProof: undefined, expiresMs: undefined, githubToken: undefined };

/** Narrows a string, for lists that come from a person or from storage. */
export function isScope(value: string): value is Scope {
  return (SCOPES as readonly string[]).includes(value);
}
