import type { Json, JsonObject } from "../lib/json.ts";
import type { WorkflowDefinition } from "./workflow.ts";

/**
 * How a run stands. The last four are its end; `unknown` is that of a write nobody knows the outcome of. One that is `signed_out` may not
 * act any more until its principal comes with credentials that hold.
 */
export const RUN_STATES = ["running", "sleeping", "waiting", "signed_out", "completed", "failed", "cancelled", "unknown"] as const;

export type RunState = (typeof RUN_STATES)[number];

/** How a step stands, or ended. */
export const STEP_STATES = ["running", "sleeping", "waiting", "retrying", "ok", "skipped", "failed", "cancelled", "unknown"] as const;

export type StepState = (typeof STEP_STATES)[number];

/** A step of a run as its principal sees it. Times are milliseconds since the epoch. */
export interface StepRecord {
  /** The step's id; of one item of a `for_each` with its place, as in `read/3`. */
  readonly path: string;
  readonly state: StepState;
  readonly attempt: number;
  readonly startedMs: number;
  readonly endedMs: number | undefined;
  /** Why it failed, or what it waits for. */
  readonly message: string | undefined;
}

/** A run as its principal sees it. Times are milliseconds since the epoch. */
export interface RunRecord {
  /** Its handle. */
  readonly run: string;
  readonly workflow: string;
  readonly state: RunState;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** The step that it is at, or ended with. */
  readonly step: string | undefined;
  /** What it waits for, in words; absent while it does not. */
  readonly waitsFor: string | undefined;
  /** When it goes on by itself. */
  readonly dueMs: number | undefined;
  /** Why it failed. */
  readonly error: string | undefined;
  /** How many of its steps are done, of how many. */
  readonly done: number;
  readonly total: number;
}

/** A run with its steps, and its output once it is completed. */
export interface RunDetails extends RunRecord {
  readonly steps: readonly StepRecord[];
  readonly output: Json | undefined;
}

/** A workflow that can be started by its name. */
export interface WorkflowSummary {
  readonly name: string;
  readonly title: string | undefined;
  readonly description: string | undefined;
  readonly inputs: JsonObject;
  readonly steps: number;
  /** It comes with the server. */
  readonly isShipped: boolean;
}

/** What is started: a workflow by its name, or one that is given. */
export interface RunRequest {
  readonly workflow?: string | undefined;
  readonly definition?: WorkflowDefinition | undefined;
  readonly inputs: JsonObject;
}

/** What a run that waits is told. */
export interface RunSignal {
  /** Whether it may go on. */
  readonly approved: boolean;
  readonly note: string | undefined;
}

/** The workflows and runs of one principal, of all sessions and both eras. A handle of no run of theirs is NotFound. */
export interface Runs {
  /** Keeps a workflow under its name; `true` if it took the place of another. @throws InvalidInput naming every fault. */
  define(definition: WorkflowDefinition): Promise<boolean>;
  workflows(): Promise<readonly WorkflowSummary[]>;
  /** Starts a run and answers at once. @throws InvalidInput naming every fault, QuotaReached, NotFound for a name that is not there. */
  start(request: RunRequest): Promise<RunRecord>;
  /** @param waitMs waits for so long for it to end, or to wait for something. */
  get(run: string, waitMs: number): Promise<RunDetails>;
  /** The newest first. */
  list(query: { readonly state?: RunState | undefined; readonly limit: number }): Promise<readonly RunRecord[]>;
  /** @throws InvalidInput saying what the run is doing, where it does not wait for a decision. */
  signal(run: string, signal: RunSignal): Promise<RunRecord>;
  /** Ends a run; a write that is in flight settles first. @throws InvalidInput for one that has ended. */
  cancel(run: string): Promise<RunRecord>;
  /**
   * Goes on from the step that failed, with the credentials of who asks.
   * @throws InvalidInput for a run that has not failed or whose inputs are gone, QuotaReached.
   */
  retry(run: string): Promise<RunRecord>;
  /** Deletes a run that has ended. @throws InvalidInput for one that has not. */
  remove(run: string): Promise<void>;
}

/** Whether a run has ended. */
export const isEnded = (state: RunState): state is "completed" | "failed" | "cancelled" | "unknown" =>
  state === "completed" || state === "failed" || state === "cancelled" || state === "unknown";
