import { evictDurableObject, reset, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import { apiKeyName, createApiKey } from "../../../src/auth/api-key.ts";
import { DEFAULTS } from "../../../src/config.ts";
import { homeOf } from "../isolation/belongings.ts";
import { createPerson, createPrincipal } from "../session/in-worker.ts";
import { remoteResultsOf } from "../session/remote-results-of.ts";

// What of a download needs the objects in hand; the rest is in test/wire/results.test.ts.

afterEach(() => reset());

const download = (result: string, headers: Record<string, string>): Promise<Response> =>
  exports.default.fetch(`http://localhost/results/${result}`, { headers });

const START = { tool: "flood", title: "Rows", type: "text/plain" } as const;

it("lets in whom /mcp lets in, and asks for the scope that any use needs", async () => {
  const alice = await createPerson();
  const writer = await remoteResultsOf(alice.id).begin(START);
  await writer.write("hers");
  const { result } = await writer.end();
  expect(await (await download(result, alice.headers)).text()).toBe("hers");
  const refused = await download(result, { authorization: "Bearer 1:1:1" });
  await refused.body?.cancel();
  expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, expect.stringContaining("/mcp/x/results")]);
  const { kid, key, hash } = createApiKey();
  await env.KEYS.put(apiKeyName(kid), JSON.stringify({ hash, scopes: ["github:read"], created: 0 }));
  const lacking = await download(result, { authorization: `Bearer ${key}` });
  expect([lacking.status, lacking.headers.get("www-authenticate")]).toEqual([403, expect.stringContaining('scope="github:read mcp:use"')]);
  expect(await lacking.json()).toMatchObject({ error: { data: { reason: "insufficient_scope" } } });
});

it("answers one that grows with what is there, and promises nothing of the rest", async () => {
  const alice = await createPrincipal();
  const writer = await remoteResultsOf(alice.id).begin(START);
  await writer.write("x".repeat(DEFAULTS.results.partBytes + 5));
  const whole = await download(writer.result, alice.headers);
  expect([whole.status, (await whole.text()).length, whole.headers.get("etag")]).toEqual([200, DEFAULTS.results.partBytes, null]);
  const part = await download(writer.result, { ...alice.headers, range: "bytes=0-3" });
  expect([part.status, await part.text(), part.headers.get("content-range")]).toEqual([206, "xxxx", "bytes 0-3/*"]);
  await writer.end();
  expect((await (await download(writer.result, alice.headers)).text()).length).toBe(DEFAULTS.results.partBytes + 5);
});

it("answers one that has expired as one that never was, also before the sweep", async () => {
  const alice = await createPrincipal();
  const { result } = await (await remoteResultsOf(alice.id).begin(START)).end();
  expect((await download(result, alice.headers)).status).toBe(200);
  await runInDurableObject(homeOf(alice.id), (_, { storage }) => void storage.sql.exec("UPDATE results SET expires_ms = ?", Date.now()));
  const [expired, forged] = [await download(result, alice.headers), await download("res_0_0", alice.headers)];
  expect([expired.status, await expired.text()]).toEqual([404, await forged.text()]);
});

it("answers what two writers stored at once, though the home was evicted between their parts and afterwards", async () => {
  const alice = await createPrincipal();
  const home = homeOf(alice.id);
  const writers = await Promise.all([1, 2].map(() => remoteResultsOf(alice.id).begin(START)));
  const half = (n: number) => `${n}`.repeat(DEFAULTS.results.partBytes * 1.5);
  const texts = writers.map((_, n) => half(n) + half(n));
  for (let round = 0; round < 2; round++) {
    await Promise.all(writers.map((writer, n) => writer.write(half(n))));
    await evictDurableObject(home);
  }
  const records = await Promise.all(writers.map((writer) => writer.end()));
  await evictDurableObject(home);
  for (const [n, { result, state, sizeBytes }] of records.entries()) {
    expect([state, sizeBytes]).toEqual(["complete", texts[n]?.length]);
    expect((await (await download(result, alice.headers)).text()) === texts[n]).toBe(true);
  }
});
