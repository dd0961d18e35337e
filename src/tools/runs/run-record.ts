import { z } from "zod";
import { cutToJsonBytes } from "../../lib/text.ts";
import { RUN_STATES, type RunRecord, STEP_STATES, type StepRecord } from "../../mcp/runs.ts";
import { writtenByOthers } from "../../mcp/written-by-others.ts";

/** What a record shows of a text that a step or a workflow wrote, bytes as JSON: it stands in the structured result and in the text. */
const SHOWN_BYTES = 2000;

/** The argument that names a run. */
export const runHandle = z.string().max(64).describe("Handle of the run, as in run_3kx9q2mf_1a_7qzd");

/** A run as tools and resources show it. */
export const runRecord = z.object({
  run: z.string().describe("Handle: get_run takes it"),
  workflow: z.string().describe("Name of the workflow"),
  state: z
    .enum(RUN_STATES)
    .describe(
      "completed, failed, cancelled and unknown are its end; unknown: nobody knows whether a write of a step took effect; signed_out: it goes on once its user has signed in again, or comes with a key that is valid"
    ),
  createdAt: z.string().describe("ISO 8601"),
  updatedAt: z.string().describe("ISO 8601"),
  step: z.string().optional().describe("The step it is at, or ended with"),
  waitsFor: writtenByOthers(z.string().describe("What it waits for, cut where it is long; absent while it does not wait")).optional(),
  dueAt: z.string().optional().describe("When it goes on by itself, ISO 8601"),
  error: writtenByOthers(z.string().describe("Why it failed, cut where it is long")).optional(),
  done: z.int().describe("How many steps are done"),
  total: z.int().describe("How many steps there are")
});

/** A step of a run as tools and resources show it. */
export const stepRecord = z.object({
  step: z.string().describe("Id of the step; of one item of a for_each with its place, as in read/3"),
  state: z.enum(STEP_STATES),
  attempt: z.int().describe("1 for the first"),
  startedAt: z.string().describe("ISO 8601"),
  endedAt: z.string().optional().describe("ISO 8601; absent while it goes on"),
  message: writtenByOthers(z.string().describe("Why it failed, or what it waits for, cut where it is long")).optional()
});

/** @param shownBytes how much of each text is shown. */
export function toRunRecord(record: RunRecord, shownBytes = SHOWN_BYTES): z.input<typeof runRecord> {
  const { run, workflow, state, createdMs, updatedMs, step, waitsFor, dueMs, error, done, total } = record;
  return {
    ...{ run, workflow, state, step, done, total },
    createdAt: toIso(createdMs),
    updatedAt: toIso(updatedMs),
    ...(waitsFor !== undefined && { waitsFor: cutToJsonBytes(waitsFor, shownBytes) }),
    ...(dueMs !== undefined && { dueAt: toIso(dueMs) }),
    ...(error !== undefined && { error: cutToJsonBytes(error, shownBytes) })
  };
}

/** @param shownBytes how much of its message is shown. */
export function toStepRecord({ path, state, attempt, startedMs, endedMs, message }: StepRecord, shownBytes: number) {
  return {
    ...{ step: path, state, attempt },
    startedAt: toIso(startedMs),
    ...(endedMs !== undefined && { endedAt: toIso(endedMs) }),
    ...(message !== undefined && { message: cutToJsonBytes(message, shownBytes) })
  } satisfies z.input<typeof stepRecord>;
}

/** Says how a run stands, what it waits for and why it failed. What others wrote stands in quotes: no line of it passes for one of ours. */
export function textOfRun(record: z.output<typeof runRecord>): string {
  const { run, workflow, state, step, done, total, createdAt, updatedAt, waitsFor, dueAt, error } = record;
  return [
    `${run} ${workflow}: ${state}${step === undefined ? "" : ` at ${step}`}, ${done} of ${total} steps done`,
    `Started ${createdAt}, last at work ${updatedAt}`,
    ...(waitsFor === undefined ? [] : [`Waits for: ${JSON.stringify(waitsFor)}`]),
    ...(dueAt === undefined ? [] : [`Goes on at ${dueAt}`]),
    ...(error === undefined ? [] : [`Error: ${JSON.stringify(error)}`])
  ].join("\n");
}

const toIso = (ms: number): string => new Date(ms).toISOString();
