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

/** Narrows a string, for lists that come from a person or from storage. */
export function isScope(value: string): value is Scope {
  return (SCOPES as readonly string[]).includes(value);
}
