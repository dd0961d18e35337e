import { expect, it } from "vitest";
import type { Context } from "../../../src/mcp/context.ts";
import { NotFound } from "../../../src/mcp/errors.ts";
import type { Results } from "../../../src/mcp/results.ts";
import { listResults } from "../../../src/tools/results/list-results.ts";
import { inHome, SMALL } from "../session/stored-results.ts";

interface Page {
  readonly results: readonly { readonly result: string }[];
  readonly nextCursor?: string | undefined;
}

const list = async (results: Results, args: { limit: number; cursor?: string }): Promise<Page> =>
  (await listResults.run(args, { results } as unknown as Context)) as unknown as Page; // its output, which the pipeline checks

async function storeEmpty(results: Results, count: number): Promise<string[]> {
  const stored = [];
  for (let n = 0; n < count; n++) {
    const { result } = await (await results.begin({ tool: "t", title: `${n}`, type: "text/plain" })).end();
    stored.unshift(result);
  }
  return stored;
}

it("lists all that are stored, a page after another, also where one is deleted in between", async () => {
  await inHome(async ({ results }) => {
    const stored = await storeEmpty(results, 5);
    const seen = [];
    for (let cursor: string | undefined; ; ) {
      const page = await list(results, { limit: 2, ...(cursor !== undefined && { cursor }) });
      seen.push(...page.results.map(({ result }) => result));
      cursor = page.nextCursor;
      if (cursor === undefined) break;
      await results.remove(cursor);
    }
    expect(seen).toEqual(stored);
  });
});

it("has no next page where the last holds as many as were asked for", async () => {
  await inHome(async ({ results }) => {
    await storeEmpty(results, 2);
    const page = await list(results, { limit: 2 });
    expect([page.results.length, page.nextCursor]).toEqual([2, undefined]);
  });
});

it("says of a cursor that is none that it leads nowhere", async () => {
  await inHome(async ({ results }) => {
    await expect(list(results, { limit: 1, cursor: "res_0wn00000_1_aaaa" })).rejects.toBeInstanceOf(NotFound);
  });
});

it("counts nothing that has expired, and lets it take no room, also before the sweep", async () => {
  await inHome(async ({ results, storage }) => {
    const stored = await storeEmpty(results, SMALL.maxResults);
    // A deployment may have shortened its retention: then the newest are the first to expire.
    storage.sql.exec("UPDATE results SET expires_ms = ? WHERE title IN ('3', '4')", Date.now());
    expect((await list(results, { limit: 2 })).results.map(({ result }) => result)).toEqual(stored.slice(2, 4));
    await storeEmpty(results, 2);
    await expect(results.begin({ tool: "t", title: "", type: "text/plain" })).rejects.toMatchObject({ name: "QuotaReached" });
  });
});
