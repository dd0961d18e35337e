import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { CatalogSlice } from "../../../../src/mcp/catalog.ts";
import { type Caller, NO_CREDENTIALS } from "../../../../src/mcp/principal.ts";
import { createKeyring } from "../../../../src/mcp/signed/keyring.ts";
import { workflowDefinition } from "../../../../src/mcp/workflow.ts";
import { RunEngine } from "../../../../src/session/run-engine/run-engine.ts";
import { HomeRecord } from "../../../../src/stores/home-record.ts";
import { type RunRow, RunStore } from "../../../../src/stores/runs.ts";

const keyring = createKeyring("a secret of a test that is long enough for it");
const caller: Caller = {
  principal: { id: "local", kind: "local", clientId: "test", scopes: ["mcp:use"] },
  credentials: NO_CREDENTIALS
};
const ask = { id: "ask", kind: "approval", message: "?" };

interface Bench {
  readonly engine: RunEngine;
  readonly store: RunStore;
  start(...steps: object[]): number;
  /** What runs when a run has changed. */
  onChange: (run: RunRow) => void;
}

let names = 0;

/** An engine of runs that call nothing. */
function withEngine(act: (bench: Bench) => Promise<void>): Promise<void> {
  return runInDurableObject(env.HOME.get(env.HOME.idFromName(`home:engine-${names++}`)), async (_, { storage }) => {
    const store = new RunStore(storage, new HomeRecord(storage, () => {}));
    const engine = new RunEngine({
      ...{ store, keyring: () => keyring, shipped: [], concurrency: 1, lookMs: 60_000 },
      slice: () => ({ tool: () => undefined }) as unknown as CatalogSlice,
      host: () => {
        throw new Error("Nothing is called.");
      },
      isStillValid: async () => true,
      wakeAt() {},
      hold() {},
      onIdle() {},
      onChange: (run) => bench.onChange(run)
    });
    const start = (...steps: object[]) => engine.start(workflowDefinition.parse({ name: "test", steps }), {}, caller, "s", false);
    const bench: Bench = { engine, store, start, onChange() {} };
    await act(bench);
  });
}

it("goes on with a run that was let go on in the very moment in which it came to wait", () =>
  withEngine(async (bench) => {
    const { engine, store } = bench;
    bench.onChange = ({ seq, state }) => {
      const waiting = store.steps(seq).find((step) => step.state === "waiting");
      if (state !== "waiting" || !waiting) return;
      store.putStep({ ...waiting, state: "ok", output: "null" });
      store.park(seq, "running");
      engine.kick(seq);
    };
    const seq = bench.start(ask);
    await expect.poll(() => store.get(seq)?.state).toBe("completed");
  }));

it("ends a run that was told to stop in the very moment in which it came to wait", () =>
  withEngine(async (bench) => {
    const { engine, store } = bench;
    bench.onChange = ({ seq, state }) => {
      if (state === "waiting") void engine.cancel(seq);
    };
    const seq = bench.start(ask);
    await expect.poll(() => store.get(seq)?.state).toBe("cancelled");
  }));

it("does not call a run cancelled whose write was in flight when the object was lost", () =>
  withEngine(async ({ engine, store }) => {
    const definition = JSON.stringify(workflowDefinition.parse({ name: "test", steps: [{ id: "only", kind: "tool", tool: "write" }] }));
    const createdMs = Date.now();
    const seq = store.insert({ workflow: "test", definition, isShipped: false, sealed: "…", session: "s", createdMs });
    const none = { endedMs: undefined, dueMs: undefined, message: undefined, output: undefined };
    store.putStep({ run: seq, path: "only", state: "running", attempt: 1, startedMs: createdMs, ...none });
    await engine.cancel(seq);
    expect(store.get(seq)).toMatchObject({
      state: "unknown",
      error: expect.stringContaining("only: nobody knows whether write took effect")
    });
    expect(store.steps(seq)).toMatchObject([{ state: "unknown" }]);
  }));

it("asks to wake only for what has not slept enough: what is due and waits for its turn needs no alarm", () =>
  withEngine(async ({ engine, store, start }) => {
    const seqs = [1, 2].map((seconds) => start({ id: "nap", kind: "sleep", seconds }));
    for (const seq of seqs) await expect.poll(() => store.get(seq)?.state).toBe("sleeping");
    for (const seq of seqs) store.park(seq, "sleeping", Date.now() - 1000);
    expect(engine.resume()).toBeUndefined();
  }));

it("ends as it ended, though nobody can be told", () =>
  withEngine(async (bench) => {
    bench.onChange = () => {
      throw new Error("Nobody listens.");
    };
    const seq = bench.start({ ...ask, when: { ref: "/inputs/none" } });
    await expect.poll(() => bench.store.get(seq)?.state).not.toBe("running");
    expect(bench.store.get(seq)).toMatchObject({ state: "completed", error: undefined });
  }));
