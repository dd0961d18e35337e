import type { WorkflowDefinition } from "../../mcp/workflow.ts";
import type { StepRow } from "../../stores/runs.ts";

/** How far a run is. */
export interface RunPlace {
  /** The step that it is at, or ended with; `undefined` where all are done. */
  readonly step: string | undefined;
  /** How many steps are done. */
  readonly done: number;
}

/** Finds how far a run is, whatever the order of its rows. */
export function placeOf({ steps }: WorkflowDefinition, rows: readonly StepRow[]): RunPlace {
  const settled = new Set(rows.filter(({ state }) => state === "ok" || state === "skipped").map(({ path }) => path));
  return { step: steps.find(({ id }) => !settled.has(id))?.id, done: steps.filter(({ id }) => settled.has(id)).length };
}
