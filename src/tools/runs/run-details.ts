import { z } from "zod";
import type { Json } from "../../lib/json.ts";
import { cutToJsonBytes, utf8Bytes } from "../../lib/text.ts";
import type { RunDetails, StepRecord, StepState } from "../../mcp/runs.ts";
import { writtenByOthers } from "../../mcp/written-by-others.ts";
import { runRecord, stepRecord, toRunRecord, toStepRecord } from "./run-record.ts";

/** What the details show of steps and of the output, bytes as JSON: all of it must fit one message of 64 KiB. */
const MAX_STEPS = 100;
const MESSAGES_BYTES = 8 * 1024;
const MAX_MESSAGE_BYTES = 1000;
const OUTPUT_BYTES = 24 * 1024;
const BEGINNING_BYTES = 4 * 1024;

/** A run with its steps as tools and resources show it, whatever its size. */
export const runDetails = runRecord.extend({
  steps: z.array(stepRecord).describe("In their order, 100 at most: first what goes on, then what did not end well, then the latest"),
  stepsLeftOut: z.int().optional().describe("How many more steps there are"),
  output: writtenByOthers(z.json().describe("What it answers with, once it is completed")).optional(),
  outputBytes: z.int().optional().describe("How long the output is as JSON"),
  outputBeginning: writtenByOthers(
    z.string().describe("The beginning of an output that is too long for a message, as JSON text. Let the workflow answer with less of it")
  ).optional()
});

export function toRunDetails(details: RunDetails): z.input<typeof runDetails> {
  const steps = chooseSteps(details.steps);
  const shownBytes = Math.min(MAX_MESSAGE_BYTES, MESSAGES_BYTES / steps.length);
  const leftOut = details.steps.length - steps.length;
  return {
    ...toRunRecord(details),
    steps: steps.map((step) => toStepRecord(step, shownBytes)),
    ...(leftOut > 0 && { stepsLeftOut: leftOut }),
    ...(details.output !== undefined && toShownOutput(details.output))
  };
}

function chooseSteps(steps: readonly StepRecord[]): readonly StepRecord[] {
  if (steps.length <= MAX_STEPS) return steps;
  const chosen = steps
    .map((step, at) => ({ ...{ step, at }, rank: rankOf(step.state) }))
    .sort((a, b) => a.rank - b.rank || b.step.startedMs - a.step.startedMs || b.at - a.at)
    .slice(0, MAX_STEPS);
  return chosen.sort((a, b) => a.at - b.at).map(({ step }) => step);
}

/** The lower, the more somebody who asks for a run wants to see it. */
function rankOf(state: StepState): number {
  switch (state) {
    case "running":
    case "sleeping":
    case "waiting":
    case "retrying":
      return 0;
    case "failed":
    case "cancelled":
    case "unknown":
      return 1;
    case "ok":
    case "skipped":
      return 2;
  }
}

function toShownOutput(output: Json): Pick<z.input<typeof runDetails>, "output" | "outputBytes" | "outputBeginning"> {
  const json = JSON.stringify(output);
  const outputBytes = utf8Bytes(json);
  if (outputBytes > OUTPUT_BYTES) return { outputBytes, outputBeginning: cutToJsonBytes(json, BEGINNING_BYTES) };
  return { output: JSON.parse(json), outputBytes }; // written and read again, it has no undefined members
}
