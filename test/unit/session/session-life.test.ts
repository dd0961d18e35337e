import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { type BaseClass, SessionLife } from "../../../src/session/session-life.ts";

it("hands its end to the base class that starts in the same moment", async () => {
  const sweeps: number[] = [];
  const base: BaseClass = {
    ensureSchema: () => {},
    start: async () => {},
    cancelSweeps: async () => {},
    scheduleSweep: async (atMs) => void sweeps.push(atMs),
    keepAliveWhile: (work) => work()
  };
  const expiresMs = Date.now() + 60_000;
  await runInDurableObject(env.SESSION.get(env.SESSION.idFromName("session:life-race")), async (_, { storage }) => {
    const life = new SessionLife(storage, base, async () => undefined);
    life.end();
    life.wakeAt(expiresMs);
    await life.holdWhile(Promise.resolve());
    await storage.deleteAll();
  });
  expect(sweeps).toEqual([expiresMs]);
});
