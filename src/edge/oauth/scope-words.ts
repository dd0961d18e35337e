import type { Scope } from "../../mcp/principal.ts";

/** What a scope means to the person who grants it. */
export interface ScopeWords {
  /** What a client may do with it. */
  readonly allows: string;
  /** What one would not expect of it. */
  readonly detail?: string;
}

/** Each scope in plain words. */
export const SCOPE_WORDS: Readonly<Record<Scope, ScopeWords>> = {
  "mcp:use": { allows: "Use this server, and its record of your own calls" },
  "mcp:delete": { allows: "Delete your own history and runs, for good" },
  "github:read": { allows: "Read public repositories on GitHub as you" },
  "github:write": {
    allows: "Write on GitHub as you",
    detail: "GitHub grants this as full access to all your repositories, private ones too."
  },
  "aws:read": { allows: "Read the AWS tables and logs that this server was given" }
};
