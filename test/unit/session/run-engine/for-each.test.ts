import { describe, expect, it } from "vitest";
import { each, failed, inHome, ok, read, retry, unknown } from "./driven-run.ts";

describe("a for_each", () => {
  it("settles what has begun before a failure counts, and begins nothing after it", () => {
    const held = Promise.withResolvers<void>();
    return inHome(
      [each([0, 1, 2, 3])],
      async ({ item }) => {
        if (item === 0) return failed("No such item.");
        await held.promise;
        return ok(item);
      },
      async (trial) => {
        const driven = trial.drive();
        await expect.poll(() => trial.row("each/0")?.state).toBe("failed");
        expect(await Promise.race([driven, Promise.resolve("at work")])).toBe("at work");
        held.resolve();
        expect(await driven).toEqual({ state: "failed", error: "each/0: No such item." });
        expect(trial.rows().map(({ path, state }) => [path, state])).toEqual([
          ["each/0", "failed"],
          ["each/1", "ok"]
        ]);
      }
    );
  });

  it("goes on from what failed when the run is retried", () =>
    inHome(
      [each([0, 1, 2])],
      ({ item }, call) => (item === 1 && call === 2 ? failed("Not yet.") : ok(item)),
      async (trial) => {
        expect(await trial.drive()).toMatchObject({ state: "failed", error: "each/1: Not yet." });
        trial.store.reopen(1);
        expect(await trial.drive()).toEqual({ state: "completed", output: "[0,1,2]" });
        expect(trial.calls.filter(({ args }) => args.item === 1)).toHaveLength(2);
        expect(trial.calls.filter(({ args }) => args.item === 0)).toHaveLength(1);
      }
    ));

  it("keeps failures in their places if it is told to, those of arguments that cannot be filled in too", () =>
    inHome(
      [each([{ name: "a" }, {}, { name: "c" }], { arguments: { name: { $ref: "/item/name" } }, keepFailures: true })],
      ({ name }) => (name === "c" ? failed("It is gone.") : ok(name)),
      async (trial) => {
        const { state, output } = await trial.drive();
        expect(state).toBe("completed");
        expect(JSON.parse(output ?? "")).toEqual(["a", { error: expect.stringContaining("/item/name") }, { error: "It is gone." }]);
        expect(trial.rows().every((row) => row.state === "ok")).toBe(true);
      }
    ));

  it("stops the run at a write of one item that is unknown, though it keeps failures", () =>
    inHome(
      [each([0, 1, 2, 3], { tool: "write", keepFailures: true }), read("after")],
      ({ item }) => (item === 1 ? unknown : ok()),
      async (trial) => {
        expect(await trial.drive()).toMatchObject({ state: "unknown", error: expect.stringContaining("each/1: nobody knows") });
        expect(trial.calls.some(({ tool }) => tool === "read")).toBe(false);
        expect(trial.row("each")).toBeUndefined();
      }
    ));

  it("sends none of the writes again that were in flight when the object was lost", () =>
    inHome(
      [each([0, 1], { tool: "write" })],
      ({ item }) => (item === 0 ? ok() : undefined),
      async (trial) => {
        await trial.lose();
        await expect.poll(() => trial.row("each/0")?.state).toBe("ok");
        expect(await trial.drive()).toMatchObject({ state: "unknown", error: expect.stringContaining("each/1") });
        expect(trial.calls).toHaveLength(2);
      }
    ));

  it("waits for an item that is to be tried again, and calls for the others once", () =>
    inHome(
      [each([0, 1, 2], { retry })],
      ({ item }, call) => (item === 1 && call === 2 ? failed("Try later.", true) : ok(item)),
      async (trial) => {
        expect(await trial.drive()).toMatchObject({ state: "sleeping", dueMs: expect.any(Number) });
        expect(trial.row("each/1")).toMatchObject({ state: "retrying", attempt: 1 });
        trial.skipWait();
        expect(await trial.drive()).toEqual({ state: "completed", output: "[0,1,2]" });
        expect(trial.row("each/1")).toMatchObject({ state: "ok", attempt: 2 });
        expect(trial.calls).toHaveLength(4);
      }
    ));

  it("answers an empty list for one", () =>
    inHome(
      [each([]), read("after", { arguments: { found: { $ref: "/steps/each/output" } } })],
      () => ok(),
      async (trial) => {
        expect(await trial.drive()).toMatchObject({ state: "completed" });
        expect(trial.calls).toEqual([{ tool: "read", args: { found: [] } }]);
      }
    ));

  it("fails where what it goes through is no list, or too long a one", () =>
    inHome(
      [each({ $ref: "/inputs/list" })],
      () => ok(),
      async (trial) => {
        const { state, error } = await trial.drive();
        expect(state).toBe("failed");
        expect(error).toBe("each: steps[0].items has 101 items, and one step takes 100 at most.");
        expect(trial.row("each")).toMatchObject({ state: "failed" });
      },
      { inputs: { list: Array.from({ length: 101 }, () => 0) } }
    ));

  it("is cancelled with its run, though an item of it waits to be tried again", () => {
    const held = Promise.withResolvers<void>();
    return inHome(
      [each([0, 1], { tool: "write", retry })],
      async ({ item }) => {
        if (item === 0) return failed("Try later.", true);
        await held.promise;
        return ok();
      },
      async (trial) => {
        const driven = trial.drive();
        await expect.poll(() => trial.row("each/0")?.state).toBe("retrying");
        trial.cancel();
        held.resolve();
        expect(await driven).toEqual({ state: "cancelled" });
        expect(trial.row("each/1")).toMatchObject({ state: "ok" });
      }
    );
  });

  it("sends no write again that was found unknown before the object was lost, and begins no other", () =>
    inHome(
      [each([0, 1, 2], { tool: "write" })],
      ({ item }) => (item === 0 ? unknown : undefined),
      async (bench) => {
        await bench.lose();
        await expect.poll(() => bench.row("each/0")?.state).toBe("unknown");
        expect(await bench.drive()).toMatchObject({ state: "unknown", error: expect.stringContaining("each/0: nobody knows") });
        expect(bench.calls).toHaveLength(2);
        expect(bench.rows().map(({ state }) => state)).toEqual(["unknown", "unknown"]);
      }
    ));
});
