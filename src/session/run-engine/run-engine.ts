import type { Json, JsonObject } from "../../lib/json.ts";
import { Waiting } from "../../lib/waiting.ts";
import type { Host } from "../../mcp/calls/host.ts";
import { showStack } from "../../mcp/calls/redact.ts";
import type { CatalogSlice } from "../../mcp/catalog.ts";
import type { Caller, Principal, Scope } from "../../mcp/principal.ts";
import { isEnded, type RunState } from "../../mcp/runs.ts";
import type { Keyring } from "../../mcp/signed/keyring.ts";
import type { ShippedWorkflow, StepFunction, WorkflowDefinition } from "../../mcp/workflow.ts";
import type { RunRow, RunStore, StepRow } from "../../stores/runs.ts";
import { type Driven, type DrivenRun, drive, giveUpWrites } from "./driver.ts";
import { RunSeals } from "./run-seals.ts";
import { reasonOfExpiry, reasonOfRevocation } from "./signed-out.ts";
import { callStep, type StepOutcome } from "./step-call.ts";

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
  /** Whether what a run acts with is still good. Asked before each call: who answers may believe what it read for a while. */
  isStillValid(principal: Principal, proof: string | undefined): Promise<boolean>;
  /** Sees to it that {@link RunEngine.resume} runs at a time. */
  wakeAt(atMs: number): void;
  /** Nothing is at work any more: what was to look after it is not needed. */
  onIdle(): void;
  /** Keeps the object in memory, and has it wake again if it is lost, until the work is done. */
  hold(done: Promise<void>): void;
  onChange(run: RunRow): void;
}

/** With what a run acts that is driven here. */
interface Acting {
  /** Whom it acts for, with what they brought last. */
  caller: Caller;
  /** The very caller with whose credentials it may not act any more. */
  refused?: Caller;
  /** The token that GitHub has refused. */
  refusedToken?: string | undefined;
}

/** A run that is driven here. */
interface Driving {
  readonly done: Promise<void>;
  readonly listeners: Set<() => void>;
  acting?: Acting;
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
  readonly #seals: RunSeals;
  readonly #driving = new Map<number, Driving>();
  /** Those that may be driven once another is done. */
  readonly #queue: number[] = [];
  /** Those who wait for a run to change, by its number. */
  readonly #watchers = new Waiting<number>();
  /** `false` once it is known that no run is signed out: who asks for runs need not look. */
  #mayBeSignedOut = true;

  constructor(options: RunEngineOptions) {
    this.#options = options;
    this.#seals = new RunSeals(options.store, options.keyring);
  }

  /** Starts a run; returns its number. */
  start(definition: WorkflowDefinition, inputs: JsonObject, caller: Caller, session: string, isShipped: boolean): number {
    const { store } = this.#options;
    const sealed = this.#seals.seal(caller, inputs);
    const createdMs = Date.now();
    const seq = store.insert({
      workflow: definition.name,
      definition: JSON.stringify(definition),
      ...{ isShipped, sealed, session, createdMs }
    });
    this.kick(seq);
    return seq;
  }

  /** The scopes that a run acts with. */
  scopesOf(run: RunRow): readonly Scope[] {
    return this.#seals.scopesOf(run);
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

  /** Has runs go on with the credentials of who came: those that are signed out, and those that act under the same grant. */
  renew(caller: Caller): void {
    for (const { seq, isSignedOut } of this.#options.store.open()) this.#renew(seq, caller, isSignedOut);
  }

  /** Likewise only those that are signed out. Cheap where there are none. */
  renewSignedOut(caller: Caller): void {
    if (!this.#mayBeSignedOut) return;
    const seqs = this.#options.store.signedOut();
    this.#mayBeSignedOut = seqs.length > 0;
    for (const seq of seqs) this.#renew(seq, caller, true);
  }

  /** Lets a run that failed go on, with the credentials of who asks. @throws InvalidInput where what it was started with is gone. */
  retry(seq: number, caller: Caller): void {
    this.#seals.takeUp(seq, caller);
    this.#options.store.reopen(seq);
    this.kick(seq);
  }

  /** Ends the runs that have been signed out since before a time: what is sealed does not stay for ever. */
  endSignedOut(beforeMs: number): void {
    const { store } = this.#options;
    for (const seq of store.signedOut(beforeMs)) {
      const run = store.get(seq);
      if (run) store.end(seq, "failed", { error: reasonOfExpiry(run) });
      this.#tell(seq);
    }
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
      if (!run || isEnded(run.state) || NEEDS_SOMEBODY.has(run.state) || leftMs <= 0) return;
      await this.#watchers.change(seq, leftMs);
    }
  }

  #renew(seq: number, caller: Caller, isSignedOut: boolean): void {
    const renewed = this.#seals.renew(seq, caller, isSignedOut);
    if (!renewed) return;
    const acting = this.#driving.get(seq)?.acting;
    if (acting) acting.caller = renewed;
    if (!isSignedOut) return;
    this.#options.store.park(seq, "running");
    this.#tell(seq);
    this.kick(seq);
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
    if (!run || isEnded(run.state) || NEEDS_SOMEBODY.has(run.state)) return;
    try {
      if (run.state === "sleeping") store.park(seq, "running");
      driving.isCancelled ||= run.cancelledMs !== undefined;
      const { caller, inputs } = this.#seals.open(run);
      const acting: Acting = { caller };
      driving.acting = acting;
      const driven = await drive(this.#toDriven(run, inputs, driving, acting));
      if (driven.state !== "signed_out") this.#finish(seq, driven);
      else if (acting.refused === acting.caller) this.#signOut(run, driven, acting);
      else driving.isKicked = true; // somebody has signed in meanwhile
    } catch (error) {
      const correlation = crypto.randomUUID();
      const event = { level: "error", event: "run_failed", correlation, workflow: run.workflow, run: seq, stack: showStack(error) };
      console.error(JSON.stringify(event));
      this.#finish(seq, { state: "failed", error: `The run failed unexpectedly (ref ${correlation}).` });
    }
  }

  /** Has a run wait for credentials that hold. */
  #signOut({ seq, workflow }: RunRow, driven: Driven, { caller, refusedToken }: Acting): void {
    if (refusedToken !== undefined && refusedToken === caller.credentials.githubToken) this.#seals.refuse(seq);
    this.#mayBeSignedOut = true;
    console.warn(JSON.stringify({ level: "warn", event: "run_signed_out", workflow, run: seq, reason: driven.error }));
    this.#finish(seq, driven);
  }

  #finish(seq: number, { state, dueMs, error, output }: Driven): void {
    const { store, wakeAt } = this.#options;
    if (!isEnded(state)) store.park(seq, state, dueMs, error);
    else store.end(seq, state, { error, output, sealed: state === "failed" ? this.#seals.withoutCredentials(seq) : undefined });
    if (dueMs !== undefined) wakeAt(dueMs);
    this.#tell(seq);
  }

  /** Looks at what a run acts with. Where nobody can tell whether it is good, the run stands until the next look. */
  async #admit({ seq }: RunRow, acting: Acting): Promise<Driven | undefined> {
    const { isStillValid, lookMs } = this.#options;
    const { caller } = acting;
    try {
      if (await isStillValid(caller.principal, caller.credentials.proof)) return undefined;
    } catch (error) {
      console.error(JSON.stringify({ level: "error", event: "credentials_not_read", run: seq, error: String(error) }));
      return { state: "sleeping", dueMs: Date.now() + lookMs };
    }
    acting.refused = caller;
    return { state: "signed_out", error: reasonOfRevocation(caller.principal) };
  }

  async #call(tool: string, args: JsonObject, { workflow }: RunRow, driving: Driving, acting: Acting): Promise<StepOutcome> {
    const { slice, host } = this.#options;
    const { caller } = acting;
    const onCancel = (listener: () => void) => {
      // A write that was begun is not told to stop: only its end says what became of it.
      if (!this.#isRead(tool)) return () => {};
      if (driving.isCancelled) listener();
      else driving.listeners.add(listener);
      return () => driving.listeners.delete(listener);
    };
    const outcome = await callStep(tool, args, { ...caller, slice: slice(), client: `run/${workflow}`, onCancel }, host());
    if (outcome.isSignedOut) {
      acting.refused = caller;
      acting.refusedToken = caller.credentials.githubToken;
    }
    return outcome;
  }

  #isRead(tool: string): boolean {
    return this.#options.slice().tool(tool)?.annotations.readOnlyHint ?? true;
  }

  #toDriven(run: RunRow, inputs: JsonObject, driving: Driving, acting: Acting): DrivenRun {
    return {
      ...{ inputs, store: this.#options.store, seq: run.seq },
      definition: JSON.parse(run.definition) as WorkflowDefinition,
      functions: this.#functionsOf(run),
      isRead: (tool) => this.#isRead(tool),
      isCancelled: () => driving.isCancelled,
      admit: () => this.#admit(run, acting),
      call: (tool, args) => this.#call(tool, args, run, driving, acting),
      onStep: (step) => {
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

/** What a run is in while nobody has it go on. */
const NEEDS_SOMEBODY: ReadonlySet<RunState> = new Set(["waiting", "signed_out"]);

function logStep({ workflow, seq }: RunRow, { path, state, attempt, startedMs, endedMs }: StepRow): void {
  const ms = endedMs === undefined ? undefined : endedMs - startedMs;
  console.log(JSON.stringify({ level: "info", event: "run_step", workflow, run: seq, step: path, state, attempt, ms }));
}
