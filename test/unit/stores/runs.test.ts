import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { HomeRecord } from "../../../src/stores/home-record.ts";
import { RunStore } from "../../../src/stores/runs.ts";

const NEW = { workflow: "test", definition: "{}", isShipped: false, sealed: "sealed", session: "s", createdMs: 1 } as const;

it("finds the runs that are open behind any number that have ended, the newest first", async () => {
  const open = await runInDurableObject(env.HOME.get(env.HOME.idFromName("home:open-runs")), (_, { storage }) => {
    const store = new RunStore(storage, new HomeRecord(storage, () => {}));
    const seqs = Array.from({ length: 6 }, () => store.insert(NEW));
    for (const seq of seqs.slice(2)) store.end(seq, "completed");
    return { listed: store.listOpen(2).map(({ seq }) => seq), counted: store.countOpen(), newest: store.listOpen(1).length };
  });
  expect(open).toEqual({ listed: [2, 1], counted: 2, newest: 1 });
});
