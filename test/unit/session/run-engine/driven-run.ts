import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Json, JsonObject } from "../../../../src/lib/json.ts";
import { type StepFunction, workflowDefinition } from "../../../../src/mcp/workflow.ts";
import { type Driven, drive } from "../../../../src/session/run-engine/driver.ts";
import type { StepOutcome } from "../../../../src/session/run-engine/step-call.ts";
import { HomeRecord } from "../../../../src/stores/home-record.ts";
import { RunStore, type StepRow } from "../../../../src/stores/runs.ts";

/** How a tool answers: `undefined` is a call whose end nobody sees, because the object is lost. */
export type Tool = (args: JsonObject, call: number) => StepOutcome | undefined | Promise<StepOutcome | undefined>;

/** A run that is driven as often as a test wants, each time as after a loss of memory: only its rows are left. */
export interface Trial {
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

export const ok = (output: Json = null): StepOutcome => ({ outcome: "ok", output, message: "", mayPass: false, isSignedOut: false });
export const failed = (message: string, mayPass = false): StepOutcome => ({
  ...{ outcome: "error", output: undefined, message, mayPass, isSignedOut: false }
});
export const unknown: StepOutcome = { outcome: "unknown", output: undefined, message: "It broke off.", mayPass: false, isSignedOut: false };

export const retry = { attempts: 3, delaySeconds: 60 };
export const read = (id: string, more: object = {}) => ({ id, kind: "tool", tool: "read", ...more });
export const write = (id: string, more: object = {}) => ({ id, kind: "tool", tool: "write", ...more });
export const each = (items: unknown, more: object = {}) => ({
  ...{ id: "each", kind: "for_each", items, tool: "read", arguments: { item: { $ref: "/item" } }, concurrency: 2 },
  ...more
});

/** Runs with a run of some steps, in a home of its own. */
export function inHome<T>(steps: object[], tool: Tool, act: (trial: Trial) => Promise<T>, more: Partial<Options> = {}): Promise<T> {
  return runInDurableObject(env.HOME.get(env.HOME.idFromName(`home:driven-${crypto.randomUUID()}`)), (_, { storage }) =>
    act(createTrial(storage, steps, tool, more))
  );
}

/** What a run has beside its steps. */
export interface Options {
  readonly inputs: JsonObject;
  readonly output: Json;
  readonly functions: Readonly<Record<string, StepFunction>>;
}

function createTrial(
  storage: DurableObjectStorage,
  steps: object[],
  tool: Tool,
  { inputs = {}, output, functions = {} }: Partial<Options>
) {
  const definition = workflowDefinition.parse({ name: "test", steps, ...(output !== undefined && { output }) });
  const store = new RunStore(storage, new HomeRecord(storage, () => {}));
  const text = JSON.stringify(definition);
  const seq = store.insert({ workflow: "test", definition: text, isShipped: true, sealed: undefined, session: "s", createdMs: Date.now() });
  const calls: Trial["calls"] = [];
  const reads = new Set(["read"]);
  let isCancelled = false;
  const driveOn = (onLost: () => void) =>
    drive({
      ...{ seq, definition, inputs, store, functions: new Map(Object.entries(functions)) },
      isRead: (name) => reads.has(name),
      isCancelled: () => isCancelled,
      admit: async () => undefined,
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
  } satisfies Trial;
}
