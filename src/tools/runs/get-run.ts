import { z } from "zod";
import { defineTool, readOnlyHere } from "../../mcp/define-tool.ts";
import { isEnded } from "../../mcp/runs.ts";
import { runDetails, toRunDetails } from "./run-details.ts";
import { runHandle, type stepRecord, textOfRun } from "./run-record.ts";

/** Below a call's deadline of 9 s. */
const MAX_WAIT_SECONDS = 8;

/** How often a client that waits is told how far the run is. */
const LOOK_MS = 1000;

export const getRun = defineTool({
  name: "get_run",
  title: "Get a run",
  description:
    "Tells how a run stands: its steps, what it waits for, why it failed, and its output once it is completed. Takes the handle that start_workflow or list_runs gave. Use signal_run if it waits for an approval, retry_run if it failed.",
  toolset: "runs",
  scopes: ["mcp:use"],
  annotations: readOnlyHere,
  mayRepeat: true,
  input: z.strictObject({
    run: runHandle,
    waitSeconds: z
      .int()
      .min(0)
      .max(MAX_WAIT_SECONDS)
      .default(0)
      .describe("Answer as soon as it has ended or waits for something, at the latest after so many seconds")
  }),
  output: runDetails,
  async run({ run, waitSeconds }, ctx) {
    const untilMs = Date.now() + waitSeconds * 1000;
    for (;;) {
      const leftMs = Math.max(0, untilMs - Date.now());
      const found = await ctx.runs.get(run, Math.min(leftMs, LOOK_MS));
      if (leftMs === 0 || found.waitsFor !== undefined || isEnded(found.state)) return toRunDetails(found);
      await ctx.progress(found.done, found.total, found.step);
    }
  },
  render({ steps, stepsLeftOut, output, outputBytes, outputBeginning, ...record }) {
    return [
      textOfRun(record),
      ...steps.map(toStepLine),
      ...(stepsLeftOut === undefined ? [] : [`${stepsLeftOut} more steps are not shown.`]),
      ...(output === undefined ? [] : [`Its output: ${JSON.stringify(output)}`]),
      ...(outputBeginning === undefined ? [] : [toBeginning(outputBeginning, outputBytes)])
    ].join("\n");
  }
});

function toStepLine({ step, state, attempt, startedAt, endedAt, message }: z.output<typeof stepRecord>): string {
  const times = `${startedAt}${endedAt === undefined ? "" : ` to ${endedAt}`}`;
  return `${step}: ${state}, ${times}${attempt > 1 ? `, attempt ${attempt}` : ""}${message === undefined ? "" : `: ${JSON.stringify(message)}`}`;
}

function toBeginning(outputBeginning: string, outputBytes = 0): string {
  return `Its output takes ${Math.ceil(outputBytes / 1024)} KiB, too long for a message. Let the workflow answer with less of it. It begins: ${outputBeginning}`;
}
