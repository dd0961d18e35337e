import { reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import { apiKeyName, createApiKey } from "../../../../src/auth/api-key.ts";
import { homeNameOf } from "../../../../src/mcp/doors/home-name.ts";
import { SCOPES } from "../../../../src/mcp/principal.ts";
import { begin, createCaller } from "../in-worker.ts";

afterEach(() => reset());

it("keeps its count of the rate limit while permits are leased, though it has nothing else to remember", async () => {
  const { kid, key, hash } = createApiKey();
  await env.KEYS.put(apiKeyName(kid), JSON.stringify({ hash, scopes: SCOPES, created: 0 }));
  const headers = { authorization: `Bearer ${key}` };
  const home = env.HOME.get(env.HOME.idFromName(`home:${homeNameOf(`key:${kid}`)}`));
  const leased = () => runInDurableObject(home, (_, { storage }) => storage.kv.get<{ leases: object[] }>("rate")?.leases.length);
  await createCaller(headers, await begin(headers))("get_call", { call: "none" }); // not shipped yet
  expect(await leased()).toBe(1);
  expect(await runDurableObjectAlarm(home)).toBe(true);
  expect(await leased()).toBe(1);
});
