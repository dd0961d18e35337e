import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { DEFAULTS } from "../../../src/config.ts";
import type { ResultKeeper, Results } from "../../../src/mcp/results.ts";
import { createHomeResults, type ResultLimits } from "../../../src/session/home/home-results.ts";
import { createResults } from "../../../src/session/results.ts";
import { HomeRecord } from "../../../src/stores/home-record.ts";
import { ResultStore } from "../../../src/stores/results.ts";
import { keyring } from "../isolation/belongings.ts";

/** Results of small sizes, so that a few lines make many parts. */
export const SMALL: ResultLimits = {
  ...DEFAULTS.results,
  ...{ partBytes: 64, maxBytes: 16 * 1024, quotaBytes: 32 * 1024, maxResults: 5, pageBytes: 800, previewBytes: 200, scanBytes: 1024 }
};

/** What a test of the store has in its hands. */
export interface Kept {
  readonly store: ResultStore;
  readonly storage: DurableObjectStorage;
  readonly keeper: ResultKeeper;
  readonly results: Results;
  /** How many rows were read of the tables so far. */
  rows(): number;
  /** How many parts of results, likewise. */
  parts(): number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const OWN = "0wn00000";
const WHO = "key:keeper";

let names = 0;

/** Acts in the storage of a new object. */
export const inHome = <T>(act: (kept: Kept) => Promise<T>, limits = SMALL): Promise<T> =>
  runInDurableObject(env.HOME.get(env.HOME.idFromName(`home:results-${names++}`)), async (_, { storage }) => {
    const counted = countReads(storage);
    const store = new ResultStore(counted.storage, new HomeRecord(storage, () => {}));
    const keeper = createHomeResults({ store, keyring: keyring(), own: OWN, limits, retentionMs: 30 * DAY_MS }, WHO);
    return act({ ...counted, storage, store, keeper, results: createResults(keeper, limits) });
  });

/** The same storage, which counts what is read of it. */
function countReads(storage: DurableObjectStorage) {
  const cursors: { readonly query: string; readonly rowsRead: number }[] = [];
  const exec = (query: string, ...bindings: unknown[]) => {
    const cursor = storage.sql.exec(query, ...bindings);
    cursors.push({
      query,
      get rowsRead() {
        return cursor.rowsRead;
      }
    });
    return cursor;
  };
  const rowsOf = (pattern: RegExp) => cursors.filter(({ query }) => pattern.test(query)).reduce((sum, { rowsRead }) => sum + rowsRead, 0);
  return {
    storage: { sql: { exec }, kv: storage.kv } as unknown as DurableObjectStorage, // what the store uses of it
    rows: () => rowsOf(/^SELECT .* FROM result/),
    parts: () => rowsOf(/^SELECT bytes FROM result_chunks/)
  };
}

/** All lines from the first on. */
export const FROM_START = { fromLine: 1, lines: 1000, isTail: false } as const;

/** Every page of a result, one after another. */
export async function readAll(results: Results, result: string, query: object = {}) {
  const lines = [];
  for (let fromLine: number | undefined = 1, pages = 0; fromLine !== undefined; pages++) {
    if (pages > 5000) throw new Error("The pages do not end.");
    const page = await results.read(result, { ...FROM_START, ...query, fromLine });
    lines.push(...page.lines);
    fromLine = page.nextLine;
  }
  return lines;
}
