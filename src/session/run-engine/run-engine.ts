import type { Json, JsonObject } from "../../lib/json.ts";
import { Waiting } from "../../lib/waiting.ts";
import type { CatalogSlice } from "../../mcp/catalog.ts";
import type { Host } from "../../mcp/host.ts";
import type { Keyring } from "../../mcp/keyring.ts";
import type { Caller } from "../../mcp/principal.ts";
import { isEnded } from "../../mcp/runs.ts";
import { seal, unseal } from "../../mcp/seal.ts";
import type { ShippedWorkflow, StepFunction, WorkflowDefinition } from "../../mcp/workflow.ts";
import type { RunRow, RunStore, StepRow } from "../../stores/runs.ts";
import { type Driven, drive, giveUpWrites } from "./driver.ts";
import { callStep } from "./step-call.ts";

/** What a {@link RunEngine} is made of. */
export interface RunEngineOptions {
  readonly store: RunStore;
  readonly keyring: () => Keyring;
  /** All of the catalog. */
  readonly slice: () => CatalogSlice;
  readonly shipped: readonly ShippedWorkflow[];
  readonly host: () => Host;
  /** How many runs are driven at a time. */
  readonly concurrency: number;
  /** How often it is seen to that those at work are, also if the object is lost, milliseconds. */
  readonly lookMs: number;
  /** Sees to it that {@link RunEngine.resume} runs at a time. */
  wakeAt(atMs: number): void;
  /** Nothing is at work any more: what was to look after it is not needed. */
  onIdle(): void;
  /** Keeps the object in memory, and has it wake again if it is lost, until the work is done. */
  hold(done: Promise<void>): void;
  onChange(run: RunRow): void;
}

/** What of a run waits sealed: nobody else's eyes are for it. */
interface Sealed {
  readonly caller: Caller;
  readonly inputs: JsonObject;
}

/** A run that is driven here. */
interface Driving {
  readonly done: Promise<void>;
  readonly listeners: Set<() => void>;
  isCancelled: boolean;
  /** It was kicked while it was driven: what it came to may have changed since. */
  isKicked: boolean;
}

/**
 * Drives runs, each step by step, a few runs at a time. What a run is doing stands in its rows, so it goes on after any loss; what it
 * waits for is a state of its row, and at most one time at which the object wakes.
 */
export class RunEngine {
  readonly #options: RunEngineOptions;
  readonly #driving = new Map<number, Driving>();
  /** Those that may be driven once another is done. */
  readonly #queue: number[] = [];
  /** Those who wait for a run to change, by its number. */
  readonly #watchers = new Waiting<number>();

  constructor(options: RunEngineOptions) {
    this.#options = options;
  }

  /** Starts a run; returns its number. */
  start(definition: WorkflowDefinition, inputs: JsonObject, caller: Caller, session: string, isShipped: boolean): number {
    const { store, keyring } = this.#options;
    const sealed = seal(keyring(), PURPOSE, JSON.stringify({ caller, inputs } satisfies Sealed));
    const createdMs = Date.now();
    const seq = store.insert({
      workflow: definition.name,
      definition: JSON.stringify(definition),
      ...{ isShipped, sealed, session, createdMs }
    });
    this.kick(seq);
    return seq;
  }

  /** Has a run driven, unless it is. */
  kick(seq: number): void {
    const driving = this.#driving.get(seq);
    if (driving) driving.isKicked = true;
    if (driving || this.#queue.includes(seq)) return;
    this.#queue.push(seq);
    this.#next();
  }

  /** Whether any run is at work here. */
  get isDriving(): boolean {
    return this.#driving.size > 0;
  }

  /** Has all runs driven that should be at work: after a loss of memory, and when one has slept enough. Returns when to come again. */
  resume(): number | undefined {
    const { store } = this.#options;
    const nowMs = Date.now();
    for (const seq of store.due(nowMs)) this.kick(seq);
    return store.nextDueMs(nowMs); // those that are due are driven, or will be once another is done
  }

  /** Tells a run to stop, and waits until what is in flight is settled: a write is not left, a read is. */
  async cancel(seq: number): Promise<void> {
    const { store } = this.#options;
    const driving = this.#driving.get(seq);
    store.cancel(seq);
    if (!driving) return this.#finish(seq, this.#giveUp(seq) ?? { state: "cancelled" });
    driving.isCancelled = true;
    for (const listener of driving.listeners) listener();
    await driving.done;
    // It had come to where it waits, and was told too late.
    const run = store.get(seq);
    if (run && !isEnded(run.state)) this.#finish(seq, { state: "cancelled" });
  }

  /** Waits until a run has ended or waits for somebody, or for so long. */
  async settled(seq: number, waitMs: number): Promise<void> {
    const untilMs = Date.now() + waitMs;
    for (;;) {
      const run = this.#options.store.get(seq);
      const leftMs = untilMs - Date.now();
      if (!run || isEnded(run.state) || run.state === "waiting" || leftMs <= 0) return;
      await this.#watchers.change(seq, leftMs);
    }
  }

  /** A run may be told to stop after a loss, before it is driven again. */
  #giveUp(seq: number): Driven | undefined {
    const { store } = this.#options;
    const run = store.get(seq);
    if (run?.state !== "running") return undefined;
    const definition = JSON.parse(run.definition) as WorkflowDefinition;
    return giveUpWrites({ store, definition, onStep: (step) => logStep(run, step) }, store.steps(seq));
  }

  #next(): void {
    const { concurrency, lookMs, wakeAt, hold } = this.#options;
    while (this.#driving.size < concurrency) {
      const seq = this.#queue.shift();
      if (seq === undefined) return;
      const driving: { -readonly [K in keyof Driving]: Driving[K] } = {
        ...{ done: Promise.resolve(), listeners: new Set(), isCancelled: false, isKicked: false }
      };
      this.#driving.set(seq, driving);
      wakeAt(Date.now() + lookMs); // should the object be lost before it is held
      driving.done = this.#drive(seq, driving).finally(() => {
        this.#driving.delete(seq);
        if (driving.isKicked && this.#options.store.get(seq)?.state === "running") this.#queue.push(seq);
        this.#next();
        if (this.#driving.size === 0) this.#options.onIdle();
      });
      hold(driving.done);
    }
  }

  async #drive(seq: number, driving: Driving): Promise<void> {
    const { store } = this.#options;
    const run = store.get(seq);
    if (!run || isEnded(run.state) || run.state === "waiting") return;
    try {
      if (run.state === "sleeping") store.park(seq, "running");
      driving.isCancelled ||= run.cancelledMs !== undefined;
      this.#finish(seq, await drive(this.#toDriven(run, driving)));
    } catch (error) {
      const correlation = crypto.randomUUID();
      const stack = error instanceof Error ? error.stack : String(error);
      console.error(JSON.stringify({ level: "error", event: "run_failed", correlation, workflow: run.workflow, run: seq, stack }));
      this.#finish(seq, { state: "failed", error: `The run failed unexpectedly (ref ${correlation}).` });
    }
  }

  #finish(seq: number, { state, dueMs, error, output }: Driven): void {
    const { store, wakeAt } = this.#options;
    if (state === "sleeping" || state === "waiting" || state === "running") store.park(seq, state, dueMs);
    else store.end(seq, state, { error, output });
    if (dueMs !== undefined) wakeAt(dueMs);
    this.#tell(seq);
  }

  #toDriven(run: RunRow, driving: Driving) {
    const { store, keyring, slice, host } = this.#options;
    const opened = run.sealed === undefined ? undefined : unseal(keyring(), PURPOSE, run.sealed);
    if (opened === undefined) throw new Error("What the run was started with was sealed under a secret that is gone.");
    const { caller, inputs } = JSON.parse(opened) as Sealed; // as it was sealed
    const onCancel = (listener: () => void) => {
      if (driving.isCancelled) listener();
      else driving.listeners.add(listener);
      return () => driving.listeners.delete(listener);
    };
    const isRead = (tool: string) => slice().tool(tool)?.annotations.readOnlyHint ?? true;
    return {
      ...{ store, inputs, isRead, seq: run.seq },
      definition: JSON.parse(run.definition) as WorkflowDefinition,
      functions: this.#functionsOf(run),
      isCancelled: () => driving.isCancelled,
      call: (tool: string, args: JsonObject) =>
        // A write that was begun is not told to stop: only its end says what became of it.
        callStep(
          tool,
          args,
          { ...caller, slice: slice(), client: `run/${run.workflow}`, onCancel: isRead(tool) ? onCancel : () => () => {} },
          host()
        ),
      onStep: (step: StepRow) => {
        logStep(run, step);
        this.#tell(run.seq);
      }
    };
  }

  #functionsOf({ isShipped, workflow }: RunRow): ReadonlyMap<string, StepFunction> {
    const known = isShipped ? this.#options.shipped.find(({ definition }) => definition.name === workflow) : undefined;
    return known?.functions ?? new Map<string, (args: JsonObject) => Json>();
  }

  #tell(seq: number): void {
    const { store, onChange } = this.#options;
    const run = store.get(seq);
    try {
      if (run) onChange(run);
    } catch (error) {
      // Whoever cannot be told changes nothing of the run.
      console.error(JSON.stringify({ level: "error", event: "run_not_told", run: seq, error: String(error) }));
    }
    this.#watchers.tell(seq);
  }
}

const PURPOSE = "run";

function logStep({ workflow, seq }: RunRow, { path, state, attempt, startedMs, endedMs }: StepRow): void {
  const ms = endedMs === undefined ? undefined : endedMs - startedMs;
  console.log(JSON.stringify({ level: "info", event: "run_step", workflow, run: seq, step: path, state, attempt, ms }));
}
