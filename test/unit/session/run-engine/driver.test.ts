import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../../../src/lib/json.ts";
import { InvalidInput } from "../../../../src/mcp/errors.ts";
import { type StepFunction, workflowDefinition } from "../../../../src/mcp/workflow.ts";
import { type Driven, drive } from "../../../../src/session/run-engine/driver.ts";
import type { StepOutcome } from "../../../../src/session/run-engine/step-call.ts";
import { HomeRecord } from "../../../../src/stores/home-record.ts";
import { RunStore, type StepRow } from "../../../../src/stores/runs.ts";

/** How a tool answers: `undefined` is a call whose end nobody sees, because the object is lost. */
type Tool = (args: JsonObject, call: number) => StepOutcome | undefined | Promise<StepOutcome | undefined>;

/** A run that is driven as often as a test wants, each time as after a loss of memory: only its rows are left. */
interface Bench {
  readonly calls: { readonly tool: string; readonly args: JsonObject }[];
  drive(): Promise<Driven>;
  /** Drives it until it reaches for a call whose end nobody sees. */
  lose(): Promise<void>;
  /** Lets the time that it waits for pass. */
  skipWait(): void;
  cancel(): void;
  /** The tools that change nothing. */
  readonly reads: Set<string>;
  rows(): StepRow[];
  row(path: string): StepRow | undefined;
  readonly store: RunStore;
}

const ok = (output: Json = null): StepOutcome => ({ outcome: "ok", output, message: "", mayPass: false });
const failed = (message: string, mayPass = false): StepOutcome => ({ outcome: "error", output: undefined, message, mayPass });
const unknown: StepOutcome = { outcome: "unknown", output: undefined, message: "It broke off.", mayPass: false };

const retry = { attempts: 3, delaySeconds: 60 };
const read = (id: string, more: object = {}) => ({ id, kind: "tool", tool: "read", ...more });
const write = (id: string, more: object = {}) => ({ id, kind: "tool", tool: "write", ...more });
const each = (items: unknown, more: object = {}) => ({
  ...{ id: "each", kind: "for_each", items, tool: "read", arguments: { item: { $ref: "/item" } }, concurrency: 2 },
  ...more
});

let names = 0;

function inHome<T>(steps: object[], tool: Tool, act: (bench: Bench) => Promise<T>, more: Partial<Options> = {}): Promise<T> {
  return runInDurableObject(env.HOME.get(env.HOME.idFromName(`home:driver-${names++}`)), (_, { storage }) =>
    act(createBench(storage, steps, tool, more))
  );
}

interface Options {
  readonly inputs: JsonObject;
  readonly output: Json;
  readonly functions: Readonly<Record<string, StepFunction>>;
}

function createBench(
  storage: DurableObjectStorage,
  steps: object[],
  tool: Tool,
  { inputs = {}, output, functions = {} }: Partial<Options>
) {
  const definition = workflowDefinition.parse({ name: "test", steps, ...(output !== undefined && { output }) });
  const store = new RunStore(storage, new HomeRecord(storage, () => {}));
  const text = JSON.stringify(definition);
  const seq = store.insert({ workflow: "test", definition: text, isShipped: true, sealed: undefined, session: "s", createdMs: Date.now() });
  const calls: Bench["calls"] = [];
  const reads = new Set(["read"]);
  let isCancelled = false;
  const driveOn = (onLost: () => void) =>
    drive({
      ...{ seq, definition, inputs, store, functions: new Map(Object.entries(functions)) },
      isRead: (name) => reads.has(name),
      isCancelled: () => isCancelled,
      async call(name, args) {
        const outcome = await tool(args, calls.push({ tool: name, args: structuredClone(args) }));
        if (outcome) return outcome;
        onLost();
        return new Promise(() => {});
      },
      onStep: () => {}
    });
  const rows = () => store.steps(seq);
  return {
    ...{ calls, reads, rows, store },
    drive: () => driveOn(() => {}),
    lose: () =>
      new Promise<void>((resolve, reject) => {
        driveOn(resolve).then(({ state }) => reject(new Error(`It was not lost: it is ${state}.`)), reject);
      }),
    skipWait() {
      for (const step of rows()) if (step.dueMs !== undefined) store.putStep({ ...step, dueMs: Date.now() });
    },
    cancel() {
      isCancelled = true;
    },
    row: (path) => rows().find((step) => step.path === path)
  } satisfies Bench;
}

describe("a failure that may pass", () => {
  const twice: Tool = (_args, call) => (call <= 2 ? failed("Try later.", true) : ok("done"));

  it("is tried again after its delay, as often as the policy says, with its attempts counted", () =>
    inHome([read("only", { retry })], twice, async (bench) => {
      const beforeMs = Date.now();
      const first = await bench.drive();
      expect(first.state).toBe("sleeping");
      expect(first.dueMs).toBeGreaterThanOrEqual(beforeMs + 60_000);
      expect(bench.row("only")).toMatchObject({ state: "retrying", attempt: 1, dueMs: first.dueMs, message: "Try later." });
      bench.skipWait();
      expect(await bench.drive()).toMatchObject({ state: "sleeping" });
      expect(bench.row("only")).toMatchObject({ state: "retrying", attempt: 2 });
      bench.skipWait();
      expect(await bench.drive()).toEqual({ state: "completed", output: '"done"' });
      expect(bench.row("only")).toMatchObject({ state: "ok", attempt: 3, message: undefined, dueMs: undefined });
    }));

  it("is not tried before its time, though the run wakes", () =>
    inHome([read("only", { retry })], twice, async (bench) => {
      const { dueMs } = await bench.drive();
      expect(await bench.drive()).toEqual({ state: "sleeping", dueMs });
      expect(bench.calls).toHaveLength(1);
    }));

  it("fails the run when its attempts are used up, and begins to count again when it is retried", () =>
    inHome(
      [read("only", { retry: { attempts: 2, delaySeconds: 1 } })],
      () => failed("Try later.", true),
      async (bench) => {
        await bench.drive();
        bench.skipWait();
        expect(await bench.drive()).toEqual({ state: "failed", error: "only: Try later." });
        expect(bench.row("only")).toMatchObject({ state: "failed", attempt: 2 });
        bench.store.reopen(1);
        expect(await bench.drive()).toMatchObject({ state: "sleeping" });
        expect(bench.row("only")).toMatchObject({ state: "retrying", attempt: 1 });
      }
    ));

  it.each([
    ["no policy", {}, failed("Try later.", true)],
    ["a policy, but will not pass", { retry }, failed("It is wrong.")]
  ])("fails at once with %s", (_, more, outcome) =>
    inHome(
      [read("only", more)],
      () => outcome,
      async (bench) => {
        expect(await bench.drive()).toEqual({ state: "failed", error: `only: ${outcome.message}` });
        expect(bench.row("only")).toMatchObject({ state: "failed", attempt: 1, endedMs: expect.any(Number) });
      }
    )
  );

  it("is tried again for a write too, which was refused before it happened", () =>
    inHome([write("only", { retry })], twice, async (bench) => {
      for (let attempt = 1; attempt <= 2; attempt++) {
        expect(await bench.drive()).toMatchObject({ state: "sleeping" });
        bench.skipWait();
      }
      expect(await bench.drive()).toMatchObject({ state: "completed" });
      expect(bench.calls).toHaveLength(3);
    }));
});

describe("a write", () => {
  it("stands in its row before it is sent", () =>
    inHome(
      [write("only")],
      () => undefined,
      async (bench) => {
        await bench.lose();
        expect(bench.row("only")).toMatchObject({ state: "running", attempt: 1, endedMs: undefined });
      }
    ));

  it("that is found running after a loss ends the run unknown, and is not sent again", () =>
    inHome(
      [write("only", { retry }), read("after")],
      () => undefined,
      async (bench) => {
        await bench.lose();
        const ended = await bench.drive();
        expect(ended.state).toBe("unknown");
        expect(ended.error).toContain("only: nobody knows whether write took effect.");
        expect(bench.row("only")).toMatchObject({ state: "unknown", endedMs: expect.any(Number) });
        expect(bench.calls.map(({ tool }) => tool)).toEqual(["write"]);
      }
    ));

  it("that is found running is not sent again either where its tool has become a read", () =>
    inHome(
      [write("only")],
      () => undefined,
      async (bench) => {
        await bench.lose();
        bench.reads.add("write");
        expect(await bench.drive()).toMatchObject({ state: "unknown" });
        expect(bench.calls).toHaveLength(1);
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
      async (bench) => {
        expect(await bench.drive()).toMatchObject({ state: "unknown", error: expect.stringContaining("It broke off.") });
        expect(bench.row("only")).toMatchObject({ state: "unknown", message: "It broke off." });
      }
    ));

  it("differs in that from a read, which is made again after a loss", () =>
    inHome(
      [read("only")],
      (_args, call) => (call === 1 ? undefined : ok()),
      async (bench) => {
        await bench.lose();
        expect(bench.rows()).toEqual([]);
        expect(await bench.drive()).toMatchObject({ state: "completed" });
        expect(bench.calls).toHaveLength(2);
      }
    ));
});

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
      async (bench) => {
        const driven = bench.drive();
        await expect.poll(() => bench.row("each/0")?.state).toBe("failed");
        expect(await Promise.race([driven, Promise.resolve("at work")])).toBe("at work");
        held.resolve();
        expect(await driven).toEqual({ state: "failed", error: "each/0: No such item." });
        expect(bench.rows().map(({ path, state }) => [path, state])).toEqual([
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
      async (bench) => {
        expect(await bench.drive()).toMatchObject({ state: "failed", error: "each/1: Not yet." });
        bench.store.reopen(1);
        expect(await bench.drive()).toEqual({ state: "completed", output: "[0,1,2]" });
        expect(bench.calls.filter(({ args }) => args.item === 1)).toHaveLength(2);
        expect(bench.calls.filter(({ args }) => args.item === 0)).toHaveLength(1);
      }
    ));

  it("keeps failures in their places if it is told to, those of arguments that cannot be filled in too", () =>
    inHome(
      [each([{ name: "a" }, {}, { name: "c" }], { arguments: { name: { $ref: "/item/name" } }, keepFailures: true })],
      ({ name }) => (name === "c" ? failed("It is gone.") : ok(name)),
      async (bench) => {
        const { state, output } = await bench.drive();
        expect(state).toBe("completed");
        expect(JSON.parse(output ?? "")).toEqual(["a", { error: expect.stringContaining("/item/name") }, { error: "It is gone." }]);
        expect(bench.rows().every((row) => row.state === "ok")).toBe(true);
      }
    ));

  it("stops the run at a write of one item that is unknown, though it keeps failures", () =>
    inHome(
      [each([0, 1, 2, 3], { tool: "write", keepFailures: true }), read("after")],
      ({ item }) => (item === 1 ? unknown : ok()),
      async (bench) => {
        expect(await bench.drive()).toMatchObject({ state: "unknown", error: expect.stringContaining("each/1: nobody knows") });
        expect(bench.calls.some(({ tool }) => tool === "read")).toBe(false);
        expect(bench.row("each")).toBeUndefined();
      }
    ));

  it("sends none of the writes again that were in flight when the object was lost", () =>
    inHome(
      [each([0, 1], { tool: "write" })],
      ({ item }) => (item === 0 ? ok() : undefined),
      async (bench) => {
        await bench.lose();
        await expect.poll(() => bench.row("each/0")?.state).toBe("ok");
        expect(await bench.drive()).toMatchObject({ state: "unknown", error: expect.stringContaining("each/1") });
        expect(bench.calls).toHaveLength(2);
      }
    ));

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

  it("waits for an item that is to be tried again, and calls for the others once", () =>
    inHome(
      [each([0, 1, 2], { retry })],
      ({ item }, call) => (item === 1 && call === 2 ? failed("Try later.", true) : ok(item)),
      async (bench) => {
        expect(await bench.drive()).toMatchObject({ state: "sleeping", dueMs: expect.any(Number) });
        expect(bench.row("each/1")).toMatchObject({ state: "retrying", attempt: 1 });
        bench.skipWait();
        expect(await bench.drive()).toEqual({ state: "completed", output: "[0,1,2]" });
        expect(bench.row("each/1")).toMatchObject({ state: "ok", attempt: 2 });
        expect(bench.calls).toHaveLength(4);
      }
    ));

  it("answers an empty list for one", () =>
    inHome(
      [each([]), read("after", { arguments: { found: { $ref: "/steps/each/output" } } })],
      () => ok(),
      async (bench) => {
        expect(await bench.drive()).toMatchObject({ state: "completed" });
        expect(bench.calls).toEqual([{ tool: "read", args: { found: [] } }]);
      }
    ));

  it("fails where what it goes through is no list, or too long a one", () =>
    inHome(
      [each({ $ref: "/inputs/list" })],
      () => ok(),
      async (bench) => {
        const { state, error } = await bench.drive();
        expect(state).toBe("failed");
        expect(error).toBe("each: steps[0].items has 101 items, and one step takes 100 at most.");
        expect(bench.row("each")).toMatchObject({ state: "failed" });
      },
      { inputs: { list: Array.from({ length: 101 }, () => 0) } }
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
      async (bench) => {
        expect(await bench.drive()).toEqual({ state: "waiting" });
        const waiting = bench.row("ask");
        expect(waiting).toMatchObject({ state: "waiting", message: "After 1?" });
        expect(await bench.drive()).toEqual({ state: "waiting" });
        expect(bench.row("ask")).toEqual(waiting);
        if (waiting) bench.store.putStep({ ...waiting, state: "ok", output: '{"approved":true}' });
        expect(await bench.drive()).toMatchObject({ state: "completed" });
        expect(bench.calls).toHaveLength(4);
        expect(bench.calls.at(-1)?.args.all).toEqual({
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
      async (bench) => {
        const { dueMs } = await bench.drive();
        expect(await bench.drive()).toEqual({ state: "sleeping", dueMs });
        bench.skipWait();
        expect(await bench.drive()).toEqual({ state: "completed", output: "null" });
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
      async (bench) => expect(await bench.drive()).toEqual({ state: "completed", output: "6" }),
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
        async (bench) => [await bench.drive(), bench.row("sum")?.state],
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
      async (bench) => {
        const { state, error } = await bench.drive();
        expect(state).toBe("failed");
        expect(error).toMatch(
          /^only: steps\[0\]\.arguments comes to 60\d KiB with 30\d KiB of \/inputs\/text in .*, and may take 512 KiB\./
        );
        expect(bench.calls).toEqual([]);
      },
      { inputs }
    ));

  it("as the run's output fails the run, and its steps stay done", () =>
    inHome(
      [read("only")],
      () => ok("fine"),
      async (bench) => {
        expect(await bench.drive()).toMatchObject({ state: "failed", error: expect.stringMatching(/^output comes to 60\d KiB/) });
        expect(bench.row("only")).toMatchObject({ state: "ok" });
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
      async (bench) => {
        const driven = bench.drive();
        await begun.promise;
        bench.cancel();
        held.resolve();
        expect(await driven).toEqual({ state: "cancelled" });
        expect(bench.rows().map(({ path, state }) => [path, state])).toEqual([["first", "ok"]]);
      }
    );
  });

  it("has the step cancelled that was told to stop", () =>
    inHome(
      [read("only", { retry })],
      () => failed("It was cancelled.", true),
      async (bench) => {
        const driven = bench.drive();
        bench.cancel();
        expect(await driven).toEqual({ state: "cancelled" });
        expect(bench.row("only")).toMatchObject({ state: "cancelled", endedMs: expect.any(Number) });
      }
    ));

  it("does not sleep until an item of a for_each is to be tried again", () => {
    const held = Promise.withResolvers<void>();
    return inHome(
      [each([0, 1], { tool: "write", retry })],
      async ({ item }) => {
        if (item === 0) return failed("Try later.", true);
        await held.promise;
        return ok();
      },
      async (bench) => {
        const driven = bench.drive();
        await expect.poll(() => bench.row("each/0")?.state).toBe("retrying");
        bench.cancel();
        held.resolve();
        expect(await driven).toEqual({ state: "cancelled" });
        expect(bench.row("each/1")).toMatchObject({ state: "ok" });
      }
    );
  });
});
