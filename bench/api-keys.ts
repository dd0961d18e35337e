import { type ApiKeyRecord, apiKeyName, createApiKey } from "../src/auth/api-key.ts";

/** API keys as KV holds them: each stands for a principal of its own, and so for an object `Home` of its own. */
export interface ApiKeys {
  readonly keys: readonly string[];
  /** For the namespace `KEYS`. */
  readonly entries: Readonly<Record<string, string>>;
}

/** Makes as many keys as are asked for. */
export function createApiKeys(count: number): ApiKeys {
  const made = Array.from({ length: count }, () => createApiKey());
  const toRecord = (hash: string): ApiKeyRecord => ({ hash, scopes: ["mcp:use", "github:read", "github:write"], created: Date.now() });
  return {
    keys: made.map(({ key }) => key),
    entries: Object.fromEntries(made.map(({ kid, hash }) => [apiKeyName(kid), JSON.stringify(toRecord(hash))]))
  };
}
