import type { JsonObject } from "../../lib/json.ts";
import type { Tool } from "../define-tool.ts";
import type { Fault } from "../faults.ts";
import { type StepDefinition, type StepOf, WORKFLOW_LIMITS, type WorkflowDefinition } from "../workflow.ts";
import { faultsOfArguments } from "./argument-faults.ts";
import { faultsOfReference, faultsOfReferences, type Scope } from "./reference-faults.ts";
import { declaredInputs, faultsOfInputSchema } from "./run-inputs.ts";

/** What a workflow is checked against. */
export interface Surroundings {
  tool(name: string): Tool | undefined;
  /** Names of the functions that its steps of kind `code` may call. */
  readonly functions: ReadonlySet<string>;
  /** It comes with the server: nobody else may have steps of kind `code`. */
  readonly isShipped: boolean;
}

/** Tools that make and move runs: a run that starts runs has no bound. */
export const RUNS_TOOLSET = "runs";

/** Finds all that is wrong with a workflow and can be known before it starts. */
export function faultsOf(definition: WorkflowDefinition, around: Surroundings): readonly Fault[] {
  const scope = scopeOf(definition, around);
  return [
    ...faultsOfInputSchema(definition.inputs),
    ...faultsOfIds(definition),
    ...definition.steps.flatMap((step, index) => faultsOfStep(step, `steps[${index}]`, { ...scope, ended: index }, around)),
    ...(definition.output === undefined ? [] : faultsOfReferences(definition.output, "output", scope)),
    ...faultsOfLimits(definition)
  ];
}

/** What can be referred to at the end of a workflow. */
function scopeOf(definition: WorkflowDefinition, around: Surroundings): Scope {
  const { steps } = definition;
  // Of steps with the same id the first is meant; that there are more is a fault of its own.
  const entries = steps.map((step, index) => [step.id, { index, outputSchema: outputSchemaOf(step, around) }] as const).reverse();
  return { inputs: declaredInputs(definition), steps: new Map(entries), ended: steps.length, hasItem: false };
}

function outputSchemaOf(step: StepDefinition, { tool }: Surroundings): JsonObject | undefined {
  if (step.kind !== "tool" && step.kind !== "for_each") return undefined;
  const schema = tool(step.tool)?.structured?.outputSchema;
  if (step.kind === "tool" || !schema) return schema;
  return { type: "array", ...(!step.keepFailures && { items: schema }) };
}

function* faultsOfIds({ steps }: WorkflowDefinition): Generator<Fault> {
  const firsts = new Map<string, number>();
  for (const [index, { id }] of steps.entries()) {
    const first = firsts.get(id);
    if (first === undefined) firsts.set(id, index);
    else yield { path: `steps[${index}].id`, message: `"${id}" is the id of steps[${first}] too` };
  }
}

function faultsOfStep(step: StepDefinition, path: string, scope: Scope, around: Surroundings): readonly Fault[] {
  const condition = step.when ? faultsOfReference({ path: `${path}.when.ref`, pointer: step.when.ref, isAlone: true }, scope) : [];
  return [...condition, ...faultsOfKind(step, path, scope, around)];
}

function faultsOfKind(step: StepDefinition, path: string, scope: Scope, around: Surroundings): readonly Fault[] {
  switch (step.kind) {
    case "tool":
      return faultsOfCall(step, path, scope, around);
    case "for_each":
      return [...faultsOfReferences(step.items, `${path}.items`, scope), ...faultsOfCall(step, path, { ...scope, hasItem: true }, around)];
    case "approval":
      return faultsOfReferences(step.message, `${path}.message`, scope);
    case "sleep":
      return [];
    case "code":
      return faultsOfCode(step, path, scope, around);
  }
}

function faultsOfCall(step: StepOf<"tool" | "for_each">, path: string, scope: Scope, around: Surroundings): readonly Fault[] {
  const tool = around.tool(step.tool);
  const references = faultsOfReferences(step.arguments, `${path}.arguments`, scope);
  if (!tool) return [{ path: `${path}.tool`, message: `no tool is called "${step.tool}"` }, ...references];
  if (tool.toolset === RUNS_TOOLSET) return [{ path: `${path}.tool`, message: `${tool.name} works on runs and cannot be part of one` }];
  return [...references, ...faultsOfArguments(tool, step.arguments, `${path}.arguments`)];
}

function faultsOfCode(step: StepOf<"code">, path: string, scope: Scope, { isShipped, functions }: Surroundings): readonly Fault[] {
  if (!isShipped) return [{ path: `${path}.kind`, message: "steps of kind code are for workflows that come with the server" }];
  const references = faultsOfReferences(step.arguments, `${path}.arguments`, scope);
  if (functions.has(step.function)) return references;
  return [{ path: `${path}.function`, message: `no function is called "${step.function}"` }, ...references];
}

function* faultsOfLimits({ steps }: WorkflowDefinition): Generator<Fault> {
  const limits = WORKFLOW_LIMITS;
  const calls = steps.reduce((sum, step) => sum + callsOf(step), 0);
  const sleepSeconds = steps.reduce((sum, step) => sum + (step.kind === "sleep" ? step.seconds : 0), 0);
  if (steps.length > limits.steps) yield { path: "steps", message: `there are ${steps.length}, and ${limits.steps} at most` };
  if (calls > limits.calls)
    yield {
      path: "steps",
      message: `they may make ${calls} calls, and ${limits.calls} at most: a for_each counts with its items, or with ${limits.items} where it refers to them`
    };
  if (sleepSeconds > limits.sleepSeconds)
    yield { path: "steps", message: `they sleep ${sleepSeconds} s in all, and ${limits.sleepSeconds} s (30 days) at most` };
}

function callsOf(step: StepDefinition): number {
  if (step.kind === "tool") return 1;
  if (step.kind !== "for_each") return 0;
  return Array.isArray(step.items) ? step.items.length : WORKFLOW_LIMITS.items;
}
