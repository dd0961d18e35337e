import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { Events } from "../../../src/stores/events.ts";

it("keeps the newest 256 of a stream that never ends, and whole those of another", async () => {
  const kept = await runInDurableObject(env.SESSION.get(env.SESSION.idFromName("events")), (_, { storage }) => {
    const events = new Events(storage, () => {});
    events.append("other", "x".repeat(2 * 1024 * 1024));
    for (let i = 1; i <= 300; i++) events.append("get", `${i} `);
    return { get: events.read("get")?.trim().split(" "), other: events.read("other")?.length };
  });
  expect(kept).toEqual({ get: Array.from({ length: 256 }, (_, i) => String(i + 45)), other: 2 * 1024 * 1024 });
});
