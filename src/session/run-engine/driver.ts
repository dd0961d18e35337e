import type { Json, JsonObject } from "../../lib/json.ts";
import { InvalidInput, ToolError } from "../../mcp/errors.ts";
import type { RunState, StepState } from "../../mcp/runs.ts";
import { itemsOf } from "../../mcp/workflow/for-each.ts";
import { holds, resolve } from "../../mcp/workflow/reference.ts";
import type { RetryPolicy, RunValues, StepDefinition, StepFunction, StepOf, StepValue, WorkflowDefinition } from "../../mcp/workflow.ts";
import type { RunStore, StepRow } from "../../stores/runs.ts";
import { reasonOfRefusal } from "./signed-out.ts";
import type { StepOutcome } from "./step-call.ts";

/** One run that is being driven. */
export interface DrivenRun {
  readonly seq: number;
  readonly definition: WorkflowDefinition;
  readonly inputs: JsonObject;
  readonly functions: ReadonlyMap<string, StepFunction>;
  readonly store: RunStore;
  /** Whether the tool of a step changes nothing. */
  isRead(tool: string): boolean;
  /** Looks at the credentials before a call of a tool. Returns how the run stops where it may not act with them. */
  admit(): Promise<Driven | undefined>;
  call(tool: string, args: JsonObject): Promise<StepOutcome>;
  isCancelled(): boolean;
  /** A step has begun, ended, or waits. */
  onStep(step: StepRow): void;
}

/** How far a run came: to its end, or to where it waits. */
export interface Driven {
  readonly state: RunState;
  readonly dueMs?: number | undefined;
  /** Why it failed, or is signed out. */
  readonly error?: string | undefined;
  readonly output?: string | undefined;
}

/** What one value may take as JSON, bytes: a row holds 2 MB at most. */
const MAX_VALUE_BYTES = 512 * 1024;

/** Thrown where a run cannot go on for now, or ever. */
class Stop extends Error {
  readonly driven: Driven;

  constructor(driven: Driven) {
    super(driven.state);
    this.driven = driven;
  }
}

/** Takes the first step that is not settled, does it, settles it, and goes on: nothing that was settled is done again. */
export async function drive(run: DrivenRun): Promise<Driven> {
  const known = run.store.steps(run.seq);
  const lost = giveUpWrites(run, known);
  if (lost) return lost;
  const rows = new Map(known.map((row) => [row.path, row]));
  const steps: Record<string, StepValue> = {};
  const values: RunValues = { inputs: run.inputs, steps };
  try {
    for (const [index, step] of run.definition.steps.entries()) {
      if (run.isCancelled()) return { state: "cancelled" };
      steps[step.id] = await new Step(run, rows, step, `steps[${index}]`).settle(values);
    }
    const last = run.definition.steps.at(-1);
    const template = run.definition.output ?? (last && { $ref: `/steps/${last.id}/output` });
    const isThere = template !== undefined && (run.definition.output !== undefined || (last && steps[last.id]?.output !== undefined));
    const output = isThere ? resolve(template, values, { path: "output", maxBytes: MAX_VALUE_BYTES }) : null;
    return { state: "completed", output: JSON.stringify(output) };
  } catch (error) {
    if (error instanceof Stop) return run.isCancelled() && isWait(error.driven) ? { state: "cancelled" } : error.driven;
    if (error instanceof ToolError) return { state: "failed", error: error.message };
    throw error;
  }
}

/**
 * Gives up the writes that were in flight when the object was lost, and those that were found unknown while others of their step went
 * on: nobody knows what became of them, and none is sent again. Returns how the run ends, if there are any.
 */
export function giveUpWrites(
  { store, definition, onStep }: Pick<DrivenRun, "store" | "definition" | "onStep">,
  rows: readonly StepRow[]
): Driven | undefined {
  const ends: Driven[] = [];
  for (const row of rows) {
    // Only a write stands so, whatever its tool is by now.
    if (row.state !== "running" && row.state !== "unknown") continue;
    const message = row.state === "unknown" ? (row.message ?? "") : "The server stopped while it was sent.";
    if (row.state === "running") {
      const given: StepRow = { ...row, state: "unknown", endedMs: Date.now(), message };
      store.putStep(given);
      onStep(given);
    }
    const step = definition.steps.find(({ id }) => id === row.path.split("/")[0]);
    ends.push(toUnknown(row.path, step && "tool" in step ? step.tool : "a write", message));
  }
  return ends.at(0);
}

/** One step of a run that is being driven. */
class Step {
  readonly #run: DrivenRun;
  readonly #rows: Map<string, StepRow>;
  readonly #step: StepDefinition;
  readonly #place: string;
  /** When the calls began that have no row before they end. */
  readonly #beganMs = new Map<string, number>();

  constructor(run: DrivenRun, rows: Map<string, StepRow>, step: StepDefinition, place: string) {
    this.#run = run;
    this.#rows = rows;
    this.#step = step;
    this.#place = place;
  }

  async settle(values: RunValues): Promise<StepValue> {
    const step = this.#step;
    const known = this.#rows.get(step.id);
    if (known?.state === "skipped") return { state: "skipped" };
    if (known?.state === "ok") return { state: "ok", output: this.#outputOf(known) };
    try {
      if (step.when && !holds(step.when, values)) {
        this.#put(step.id, "skipped");
        return { state: "skipped" };
      }
      return { state: "ok", output: await this.#do(step, known, values) };
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      // Arguments that cannot be filled in, or a function that refuses them.
      this.#put(step.id, "failed", { message: error.message });
      throw new Stop({ state: "failed", error: `${step.id}: ${error.message}` });
    }
  }

  #do(step: StepDefinition, known: StepRow | undefined, values: RunValues): Promise<Json> | Json {
    switch (step.kind) {
      case "sleep":
        return this.#sleep(step, known);
      case "approval":
        return this.#wait(step, known, values);
      case "code":
        return this.#compute(step, values);
      case "tool":
        return this.#call(step.id, step.tool, step.retry, this.#fill(step.arguments, values));
      case "for_each":
        return this.#callEach(step, values);
    }
  }

  #sleep({ id, seconds }: StepOf<"sleep">, known: StepRow | undefined): Json {
    const dueMs = known?.dueMs ?? Date.now() + seconds * 1000;
    if (!known) this.#put(id, "sleeping", { dueMs });
    if (Date.now() < dueMs) throw new Stop({ state: "sleeping", dueMs });
    return this.#end(id, null);
  }

  #wait({ id, message }: StepOf<"approval">, known: StepRow | undefined, values: RunValues): never {
    if (known?.state !== "waiting") {
      const text = resolve(message, values, { path: `${this.#place}.message`, maxBytes: MAX_VALUE_BYTES });
      this.#put(id, "waiting", { message: String(text) });
    }
    throw new Stop({ state: "waiting" });
  }

  #compute(step: StepOf<"code">, values: RunValues): Json {
    const compute = this.#run.functions.get(step.function);
    if (!compute) throw new InvalidInput(`The server has no function ${step.function} any more.`);
    return this.#end(step.id, compute(this.#fill(step.arguments, values)));
  }

  async #call(path: string, tool: string, retry: RetryPolicy | undefined, args: JsonObject): Promise<Json> {
    const known = this.#rows.get(path);
    if (known?.state === "ok") return this.#outputOf(known);
    const isRead = this.#run.isRead(tool);
    if (known?.state === "retrying" && known.dueMs !== undefined && Date.now() < known.dueMs)
      throw new Stop({ state: "sleeping", dueMs: known.dueMs });
    const stop = await this.#run.admit();
    if (stop) throw new Stop(stop);
    const attempt = (known?.attempt ?? 0) + 1;
    if (this.#run.isCancelled()) this.#stopCancelled(path, attempt);
    // A write is noted before it is sent: found so after a loss, nobody knows what became of it, and it is not sent again.
    this.#beganMs.set(path, Date.now());
    if (!isRead) this.#put(path, "running", { attempt });
    const { outcome, output, message, mayPass, isSignedOut } = await this.#run.call(tool, args);
    if (outcome === "ok") return this.#end(path, output as Json, attempt); // a result is JSON
    if (outcome === "unknown") this.#lose(path, tool, message);
    if (isSignedOut) {
      if (!isRead) this.#putBack(path, known);
      throw new Stop({ state: "signed_out", error: reasonOfRefusal });
    }
    if (this.#run.isCancelled()) this.#stopCancelled(path, attempt, message);
    if (mayPass && retry && attempt < retry.attempts) {
      const dueMs = Date.now() + retry.delaySeconds * 1000;
      this.#put(path, "retrying", { attempt, dueMs, message });
      throw new Stop({ state: "sleeping", dueMs });
    }
    this.#put(path, "failed", { attempt, message });
    throw new Stop({ state: "failed", error: `${path}: ${message}` });
  }

  /** Calls for each item, a few at a time. What has begun is waited for, before a failure or a wait of one counts for all. */
  async #callEach(step: StepOf<"for_each">, values: RunValues): Promise<Json> {
    const items = itemsOf(step, values, { path: `${this.#place}.items`, maxBytes: MAX_VALUE_BYTES });
    const outputs: Json[] = [];
    const stops: Stop[] = [];
    let next = 0;
    const work = async () => {
      while (next < items.length && stops.length === 0 && !this.#run.isCancelled()) {
        const index = next++;
        outputs[index] = await this.#callItem(step, { ...values, item: items[index] as Json, index }, index).catch((error: unknown) => {
          if (!(error instanceof Stop)) throw error;
          stops.push(error);
          return null;
        });
      }
    };
    const settled = await Promise.allSettled(Array.from({ length: Math.min(step.concurrency, items.length) }, work));
    for (const one of settled) if (one.status === "rejected") throw one.reason;
    const worst = stops.sort((one, other) => rankOf(one) - rankOf(other)).at(0);
    if (worst) throw worst;
    if (this.#run.isCancelled()) throw new Stop({ state: "cancelled" });
    this.#put(step.id, "ok", { ended: true }); // the outputs stand with the items
    return outputs;
  }

  async #callItem(step: StepOf<"for_each">, values: RunValues, index: number): Promise<Json> {
    const path = `${step.id}/${index}`;
    try {
      return await this.#call(path, step.tool, step.retry, this.#fill(step.arguments, values));
    } catch (error) {
      if (error instanceof Stop && error.driven.state !== "failed") throw error;
      if (!(error instanceof Stop || error instanceof ToolError)) throw error;
      const message = error instanceof Stop ? (this.#rows.get(path)?.message ?? "") : error.message;
      if (step.keepFailures) return this.#end(path, { error: message });
      if (error instanceof Stop) throw error;
      this.#put(path, "failed", { message });
      throw new Stop({ state: "failed", error: `${path}: ${message}` });
    }
  }

  #fill(template: JsonObject, values: RunValues): JsonObject {
    return this.#fillAny(template, values, "arguments") as JsonObject; // an object stays one
  }

  #fillAny(template: Json, values: RunValues, field: string): Json {
    return resolve(template, values, { path: `${this.#place}.${field}`, maxBytes: MAX_VALUE_BYTES });
  }

  #stopCancelled(path: string, attempt: number, message?: string): never {
    this.#put(path, "cancelled", { attempt, ...(message !== undefined && { message }) });
    throw new Stop({ state: "cancelled" });
  }

  #lose(path: string, tool: string, message: string): never {
    this.#put(path, "unknown", { message });
    throw new Stop(toUnknown(path, tool, message));
  }

  /** A write that was refused has not happened: its row stands as before it. */
  #putBack(path: string, known: StepRow | undefined): void {
    const { store, seq } = this.#run;
    if (known) {
      this.#rows.set(path, known);
      store.putStep(known);
    } else {
      this.#rows.delete(path);
      store.removeStep(seq, path);
    }
  }

  #outputOf(row: StepRow): Json {
    const step = this.#step;
    if (step.kind !== "for_each" || row.path !== step.id) return row.output === undefined ? null : (JSON.parse(row.output) as Json);
    const outputs: Json[] = [];
    for (let index = 0; ; index++) {
      const item = this.#rows.get(`${step.id}/${index}`);
      if (!item) return outputs;
      outputs.push(item.output === undefined ? null : (JSON.parse(item.output) as Json));
    }
  }

  #end(path: string, output: Json, attempt?: number): Json {
    this.#put(path, "ok", { output: JSON.stringify(output), ended: true, ...(attempt !== undefined && { attempt }) });
    return output;
  }

  #put(
    path: string,
    state: StepState,
    how: { attempt?: number; dueMs?: number; message?: string; output?: string; ended?: boolean } = {}
  ): void {
    const nowMs = Date.now();
    const known = this.#rows.get(path);
    const isOver = how.ended || state === "skipped" || state === "failed" || state === "unknown" || state === "cancelled";
    const row: StepRow = {
      run: this.#run.seq,
      path,
      state,
      attempt: how.attempt ?? known?.attempt ?? 1,
      startedMs: known?.startedMs ?? this.#beganMs.get(path) ?? nowMs,
      endedMs: isOver ? nowMs : undefined,
      dueMs: how.dueMs,
      message: how.message,
      output: how.output
    };
    this.#rows.set(path, row);
    this.#run.store.putStep(row);
    this.#run.onStep(row);
  }
}

const toUnknown = (path: string, tool: string, message: string): Driven => ({
  state: "unknown",
  error: `${path}: nobody knows whether ${tool} took effect. ${message} Look whether it did, and start a new run for the rest.`
});

const isWait = ({ state }: Driven): boolean => state === "sleeping" || state === "waiting" || state === "signed_out";

/** Of several reasons to stop, the one that counts: an unknown write, then a failure, then a cancellation, then a wait. */
const RANKS: readonly RunState[] = ["unknown", "failed", "cancelled", "signed_out", "sleeping"];
const rankOf = ({ driven }: Stop): number => RANKS.indexOf(driven.state);
