import { DEFAULTS } from "../config.ts";
import { type Caller, DEFAULT_SCOPES, NO_CREDENTIALS, type Principal } from "../mcp/principal.ts";
import { type ApiKeyRecord, apiKeyName, matchesHash, parseApiKey } from "./api-key.ts";

interface Cached<T> {
  readonly value: T;
  readonly readMs: number;
}

const MAX_CACHED = 1000;

/** The API keys of a deployment, as KV holds them. What was read is believed for `DEFAULTS.credentialCacheMs`. */
export class ApiKeys {
  readonly #kv: KVNamespace;
  readonly #records = new Map<string, Cached<ApiKeyRecord | null>>();
  #hasAny: Cached<boolean> = { value: false, readMs: 0 };

  constructor(kv: KVNamespace) {
    this.#kv = kv;
  }

  /** Whom a key stands for; `undefined` for one that is malformed, wrong, revoked or expired. */
  async authenticate(key: string): Promise<Caller | undefined> {
    const kid = parseApiKey(key);
    if (kid === undefined) return undefined;
    const record = await this.#read(kid);
    if (!record || !matchesHash(key, record.hash) || isExpired(record)) return undefined;
    const principal: Principal = { id: `key:${kid}`, kind: "key", clientId: kid, scopes: record.scopes ?? DEFAULT_SCOPES };
    return { principal, credentials: { ...NO_CREDENTIALS, proof: record.hash, lastingProof: record.hash, expiresMs: record.expires } };
  }

  /** Whether the key that was let in under a `kid` still is what the `kid` stands for. */
  async isStillValid(kid: string, hash: string): Promise<boolean> {
    const record = await this.#read(kid);
    return record !== null && record.hash === hash && !isExpired(record);
  }

  /** Whether a key was ever made. Asked of KV until there is one: it only decides what a refusal says. */
  async hasAny(): Promise<boolean> {
    if (this.#hasAny.value || isFresh(this.#hasAny)) return this.#hasAny.value;
    const { keys } = await this.#kv.list({ prefix: apiKeyName(""), limit: 1 });
    this.#hasAny = { value: keys.length > 0, readMs: Date.now() };
    return this.#hasAny.value;
  }

  async #read(kid: string): Promise<ApiKeyRecord | null> {
    const cached = this.#records.get(kid);
    if (cached && isFresh(cached)) return cached.value;
    const value = await this.#kv.get<ApiKeyRecord>(apiKeyName(kid), "json");
    if (this.#records.size >= MAX_CACHED) this.#records.clear(); // guesses of made-up keys, not users, fill it
    this.#records.set(kid, { value, readMs: Date.now() });
    return value;
  }
}

const isExpired = ({ expires }: ApiKeyRecord): boolean => expires !== undefined && expires <= Date.now();

const isFresh = ({ readMs }: Cached<unknown>): boolean => Date.now() - readMs < DEFAULTS.credentialCacheMs;
