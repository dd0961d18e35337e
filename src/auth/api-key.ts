import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { toBase32 } from "../lib/base32.ts";
import type { Scope } from "../mcp/principal.ts";

/** What KV holds of a key, under `key:<kid>`. The secret itself is never stored. */
export interface ApiKeyRecord {
  /** SHA-256 of the whole key, hex. The secret has 256 random bits, so a slow hash would add nothing. */
  readonly hash: string;
  readonly scopes: readonly Scope[];
  /** `github:<numeric id>` of the person who may approve for this key. */
  readonly owner?: string;
  /** Milliseconds since the epoch. */
  readonly expires?: number;
  /** What the key is for, in the words of whoever made it. */
  readonly label?: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
}

const API_KEY = /^dm_([0-9a-hjkmnp-tv-z]{8})_[\w-]{43}$/;

/** Where a key's record stands in KV. */
export const apiKeyName = (kid: string): string => `key:${kid}`;

/** Makes the text of a key: `dm_<kid>_<secret>`. A rotation passes the `kid` that it keeps. */
export function createApiKey(kid: string = toBase32(randomBytes(5))): { kid: string; key: string; hash: string } {
  const key = `dm_${kid}_${randomBytes(32).toString("base64url")}`;
  return { kid, key, hash: hashOf(key) };
}

/** The `kid` of a well-formed key, `undefined` for any other text. */
export function parseApiKey(key: string): string | undefined {
  return API_KEY.exec(key)?.[1];
}

/** Compares in constant time. */
export function matchesHash(key: string, hash: string): boolean {
  const presented = Buffer.from(hashOf(key), "hex");
  const stored = Buffer.from(hash, "hex");
  return presented.length === stored.length && timingSafeEqual(presented, stored);
}

const hashOf = (key: string): string => createHash("sha256").update(key).digest("hex");
