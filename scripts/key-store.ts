import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiKeyRecord, apiKeyName } from "../src/auth/api-key.ts";
import { succeeded, type Wrangler } from "./wrangler.ts";

/** Which of the two worlds the keys stand in: the deployed namespace, or a folder of local state. */
export interface KeyPlace {
  readonly isRemote: boolean;
  /** The folder of local state; wrangler's own default without it. */
  readonly persistTo?: string;
}

/** The records of API keys in the `KEYS` namespace. Its methods throw a `Failure` when wrangler fails. */
export interface KeyStore {
  /** Every record, by `kid`. */
  list(): Promise<ReadonlyMap<string, ApiKeyRecord>>;
  get(kid: string): Promise<ApiKeyRecord | undefined>;
  put(kid: string, record: ApiKeyRecord): Promise<void>;
  delete(kid: string): Promise<void>;
}

/** Reads and writes keys with `wrangler kv`. */
export function createKeyStore(wrangler: Wrangler, { isRemote, persistTo }: KeyPlace): KeyStore {
  const place = ["--binding", "KEYS", isRemote ? "--remote" : "--local", ...(persistTo === undefined ? [] : ["--persist-to", persistTo])];
  const kv = async (...args: readonly string[]) => succeeded(await wrangler(["kv", ...args, ...place]), "reach the KEYS namespace");
  const read = async (names: readonly string[]) => readRecords(kv, names);
  return {
    list: async () => {
      const keys = JSON.parse(await kv("key", "list", "--prefix", apiKeyName(""))) as readonly { readonly name: string }[];
      return read(keys.map(({ name }) => name));
    },
    get: async (kid) => (await read([apiKeyName(kid)])).get(kid),
    put: async (kid, record) => {
      // The record holds a hash only, so it may stand in the arguments.
      const expiration = record.expires === undefined ? [] : ["--expiration", String(Math.floor(record.expires / 1000))];
      await kv("key", "put", apiKeyName(kid), JSON.stringify(record), ...expiration);
    },
    delete: async (kid) => {
      await kv("key", "delete", apiKeyName(kid));
    }
  };
}

/** The API reads at most 100 keys at once: https://developers.cloudflare.com/kv/api/read-key-value-pairs/ */
const BULK_LIMIT = 100;

async function readRecords(kv: (...args: readonly string[]) => Promise<string>, names: readonly string[]) {
  const records = new Map<string, ApiKeyRecord>();
  const folder = await mkdtemp(join(tmpdir(), "dormouse-keys-"));
  try {
    for (let start = 0; start < names.length; start += BULK_LIMIT) {
      const file = join(folder, "names.json");
      await writeFile(file, JSON.stringify(names.slice(start, start + BULK_LIMIT)));
      // The answer is { [name]: { value: string | null } }, seen with wrangler 4.124.0; its documentation does not show it.
      const found = JSON.parse(await kv("bulk", "get", file)) as Readonly<Record<string, { readonly value: string | null } | null>>;
      for (const [name, entry] of Object.entries(found))
        if (entry?.value) records.set(name.slice(apiKeyName("").length), JSON.parse(entry.value) as ApiKeyRecord);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return records;
}
