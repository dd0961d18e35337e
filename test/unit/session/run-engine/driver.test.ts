import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../../../src/lib/json.ts";
import { InvalidInput } from "../../../../src/mcp/errors.ts";
import { each, failed, inHome, type Options, ok, read, retry, type Tool, unknown, write } from "./driven-run.ts";

describe("a failure that may pass", () => {
  const twice: Tool = (_args, call) => (call <= 2 ? failed("Try later.", true) : ok("done"));

  it("is tried again after its delay, as often as the policy says, with its attempts counted", () =>
    inHome([read("only", { retry })], twice, async (trial) => {
      const beforeMs = Date.now();
      const first = await trial.drive();
      expect(first.state).toBe("sleeping");
      expect(first.dueMs).toBeGreaterThanOrEqual(beforeMs + 60_000);
      expect(trial.row("only")).toMatchObject({ state: "retrying", attempt: 1, dueMs: first.dueMs, message: "Try later." });
      trial.skipWait();
      expect(await trial.drive()).toMatchObject({ state: "sleeping" });
      expect(trial.row("only")).toMatchObject({ state: "retrying", attempt: 2 });
      trial.skipWait();
      expect(await trial.drive()).toEqual({ state: "completed", output: '"done"' });
      expect(trial.row("only")).toMatchObject({ state: "ok", attempt: 3, message: undefined, dueMs: undefined });
    }));

  it("is not tried before its time, though the run wakes", () =>
    inHome([read("only", { retry })], twice, async (trial) => {
      const { dueMs } = await trial.drive();
      expect(await trial.drive()).toEqual({ state: "sleeping", dueMs });
      expect(trial.calls).toHaveLength(1);
    }));

  it("fails the run when its attempts are used up, and begins to count again when it is retried", () =>
    inHome(
      [read("only", { retry: { attempts: 2, delaySeconds: 1 } })],
      () => failed("Try later.", true),
      async (trial) => {
        await trial.drive();
        trial.skipWait();
        expect(await trial.drive()).toEqual({ state: "failed", error: "only: Try later." });
        expect(trial.row("only")).toMatchObject({ state: "failed", attempt: 2 });
        trial.store.reopen(1);
        expect(await trial.drive()).toMatchObject({ state: "sleeping" });
        expect(trial.row("only")).toMatchObject({ state: "retrying", attempt: 1 });
      }
    ));

  it.each([
    ["no policy", {}, failed("Try later.", true)],
    ["a policy, but will not pass", { retry }, failed("It is wrong.")]
  ])("fails at once with %s", (_, more, outcome) =>
    inHome(
      [read("only", more)],
      () => outcome,
      async (trial) => {
        expect(await trial.drive()).toEqual({ state: "failed", error: `only: ${outcome.message}` });
        expect(trial.row("only")).toMatchObject({ state: "failed", attempt: 1, endedMs: expect.any(Number) });
      }
    )
  );

  it("is tried again for a write too, which was refused before it happened", () =>
    inHome([write("only", { retry })], twice, async (trial) => {
      for (let attempt = 1; attempt <= 2; attempt++) {
        expect(await trial.drive()).toMatchObject({ state: "sleeping" });
        trial.skipWait();
      }
      expect(await trial.drive()).toMatchObject({ state: "completed" });
      expect(trial.calls).toHaveLength(3);
    }));
});

describe("a write", () => {
  it("stands in its row before it is sent", () =>
    inHome(
      [write("only")],
      () => undefined,
      async (trial) => {
        await trial.lose();
        expect(trial.row("only")).toMatchObject({ state: "running", attempt: 1, endedMs: undefined });
      }
    ));

  it("that is found running after a loss ends the run unknown, and is not sent again", () =>
    inHome(
      [write("only", { retry }), read("after")],
      () => undefined,
      async (trial) => {
        await trial.lose();
        const ended = await trial.drive();
        expect(ended.state).toBe("unknown");
        expect(ended.error).toContain("only: nobody knows whether write took effect.");
        expect(trial.row("only")).toMatchObject({ state: "unknown", endedMs: expect.any(Number) });
        expect(trial.calls.map(({ tool }) => tool)).toEqual(["write"]);
      }
    ));

  it("that is found running is not sent again either where its tool has become a read", () =>
    inHome(
      [write("only")],
      () => undefined,
      async (trial) => {
        await trial.lose();
        trial.reads.add("write");
        expect(await trial.drive()).toMatchObject({ state: "unknown" });
        expect(trial.calls).toHaveLength(1);
      }
    ));

  it("that is found running ends the run unknown though it was told to stop", () =>
    inHome(
      [read("before"), write("only")],
      (_args, call) => (call === 1 ? ok() : undefined),
      async (bench) => {
        await bench.lose();
        bench.cancel();
        expect(await bench.drive()).toMatchObject({ state: "unknown", error: expect.stringContaining("only: nobody knows") });
        expect(bench.row("only")).toMatchObject({ state: "unknown" });
      }
    ));

  it("whose outcome is unknown ends the run so, whatever the policy", () =>
    inHome(
      [write("only", { retry })],
      () => unknown,
      async (trial) => {
        expect(await trial.drive()).toMatchObject({ state: "unknown", error: expect.stringContaining("It broke off.") });
        expect(trial.row("only")).toMatchObject({ state: "unknown", message: "It broke off." });
      }
    ));

  it("differs in that from a read, which is made again after a loss", () =>
    inHome(
      [read("only")],
      (_args, call) => (call === 1 ? undefined : ok()),
      async (trial) => {
        await trial.lose();
        expect(trial.rows()).toEqual([]);
        expect(await trial.drive()).toMatchObject({ state: "completed" });
        expect(trial.calls).toHaveLength(2);
      }
    ));
});

describe("after a loss", () => {
  it("has every output back from its rows, and does what was done no second time", () =>
    inHome(
      [
        ...[read("first"), each(["a", "b"]), read("skipped", { when: { ref: "/inputs/none" } })],
        { id: "ask", kind: "approval", message: "After {{/steps/first/output/n}}?" },
        read("last", { arguments: { all: { $ref: "/steps" } } })
      ],
      ({ item }) => ok(item === undefined ? { n: 1 } : { item }),
      async (trial) => {
        expect(await trial.drive()).toEqual({ state: "waiting" });
        const waiting = trial.row("ask");
        expect(waiting).toMatchObject({ state: "waiting", message: "After 1?" });
        expect(await trial.drive()).toEqual({ state: "waiting" });
        expect(trial.row("ask")).toEqual(waiting);
        if (waiting) trial.store.putStep({ ...waiting, state: "ok", output: '{"approved":true}' });
        expect(await trial.drive()).toMatchObject({ state: "completed" });
        expect(trial.calls).toHaveLength(4);
        expect(trial.calls.at(-1)?.args.all).toEqual({
          first: { state: "ok", output: { n: 1 } },
          each: { state: "ok", output: [{ item: "a" }, { item: "b" }] },
          skipped: { state: "skipped" },
          ask: { state: "ok", output: { approved: true } }
        });
      }
    ));

  it("sleeps no longer than it would have", () =>
    inHome(
      [{ id: "nap", kind: "sleep", seconds: 60 }],
      () => ok(),
      async (trial) => {
        const { dueMs } = await trial.drive();
        expect(await trial.drive()).toEqual({ state: "sleeping", dueMs });
        trial.skipWait();
        expect(await trial.drive()).toEqual({ state: "completed", output: "null" });
      }
    ));
});

describe("a code step", () => {
  const sum = { id: "sum", kind: "code", function: "sum", arguments: { numbers: { $ref: "/inputs/numbers" } } };
  const functions = {
    sum: ({ numbers }: JsonObject): Json => {
      if (!Array.isArray(numbers)) throw new InvalidInput("There are no numbers.");
      return numbers.reduce<number>((total, number) => total + Number(number), 0);
    }
  };

  it("computes from what the steps before it found", () =>
    inHome(
      [sum],
      () => ok(),
      async (trial) => expect(await trial.drive()).toEqual({ state: "completed", output: "6" }),
      {
        functions,
        inputs: { numbers: [1, 2, 3] }
      }
    ));

  it("that refuses its arguments fails the run with its sentence, and so does one that is gone", async () => {
    const fail = (how: Partial<Options>) =>
      inHome(
        [sum],
        () => ok(),
        async (trial) => [await trial.drive(), trial.row("sum")?.state],
        { inputs: { numbers: 1 }, ...how }
      );
    expect(await fail({ functions })).toEqual([{ state: "failed", error: "sum: There are no numbers." }, "failed"]);
    expect(await fail({})).toEqual([{ state: "failed", error: "sum: The server has no function sum any more." }, "failed"]);
  });
});

describe("a value that is too large", () => {
  const wide = { arguments: { texts: [{ $ref: "/inputs/text" }, { $ref: "/inputs/text" }] } };
  const inputs = { text: "x".repeat(300 * 1024) };

  it("fails the step before it is called, saying what it is, how large, and how large it may be", () =>
    inHome(
      [read("only", wide)],
      () => ok(),
      async (trial) => {
        const { state, error } = await trial.drive();
        expect(state).toBe("failed");
        expect(error).toMatch(
          /^only: steps\[0\]\.arguments comes to 60\d KiB with 30\d KiB of \/inputs\/text in .*, and may take 512 KiB\./
        );
        expect(trial.calls).toEqual([]);
      },
      { inputs }
    ));

  it("as the run's output fails the run, and its steps stay done", () =>
    inHome(
      [read("only")],
      () => ok("fine"),
      async (trial) => {
        expect(await trial.drive()).toMatchObject({ state: "failed", error: expect.stringMatching(/^output comes to 60\d KiB/) });
        expect(trial.row("only")).toMatchObject({ state: "ok" });
      },
      { inputs, output: wide.arguments.texts }
    ));
});

describe("a run that is cancelled", () => {
  it("does no step after the one that it is at, which settles", () => {
    const begun = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    return inHome(
      [write("first"), write("second")],
      async () => {
        begun.resolve();
        await held.promise;
        return ok();
      },
      async (trial) => {
        const driven = trial.drive();
        await begun.promise;
        trial.cancel();
        held.resolve();
        expect(await driven).toEqual({ state: "cancelled" });
        expect(trial.rows().map(({ path, state }) => [path, state])).toEqual([["first", "ok"]]);
      }
    );
  });

  it("has the step cancelled that was told to stop", () => {
    const held = Promise.withResolvers<void>();
    return inHome(
      [read("only", { retry })],
      () => held.promise.then(() => failed("It was cancelled.", true)),
      async (trial) => {
        const driven = trial.drive();
        await expect.poll(() => trial.calls.length).toBe(1);
        trial.cancel();
        held.resolve();
        expect(await driven).toEqual({ state: "cancelled" });
        expect(trial.row("only")).toMatchObject({ state: "cancelled", message: "It was cancelled.", endedMs: expect.any(Number) });
      }
    );
  });

  it("calls nothing where it was told to stop while its credentials were looked at", () =>
    inHome(
      [write("only")],
      () => ok(),
      async (trial) => {
        const driven = trial.drive();
        trial.cancel();
        expect(await driven).toEqual({ state: "cancelled" });
        expect(trial.row("only")).toMatchObject({ state: "cancelled" });
        expect(trial.calls).toEqual([]);
      }
    ));
});
