import { z } from "zod";
import type { Json, JsonObject } from "../lib/json.ts";

/** What a workflow may ask for, before it starts. */
export const WORKFLOW_LIMITS = {
  steps: 100,
  /** Items of one `for_each`. */
  items: 100,
  /** Calls of tools in all, each `for_each` counted with as many as it may make. */
  calls: 1000,
  /** Sleep in all, seconds: 30 days. */
  sleepSeconds: 30 * 24 * 60 * 60
} as const;

const json = z.json();
const jsonObject = z.record(z.string(), json);

const REFERENCES =
  'A whole value is referred to by {"$ref": "/steps/find/output/items/0/number"}, in text by {{/steps/find/output/title}}: a JSON Pointer over inputs, and output and state of earlier steps.';

const condition = z
  .strictObject({
    ref: z.string().max(1000).describe("JSON Pointer, as in /steps/find/output/total or /inputs/query"),
    equals: json.optional().describe("Holds if the value is there and is this"),
    exists: z.boolean().optional().describe("Holds if the value is there (true, the default) or is not (false)")
  })
  .refine(({ equals, exists }) => equals === undefined || exists === undefined, "give equals or exists, not both");

const id = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/, "is 1 to 40 small letters, digits and underscores, a letter first")
  .describe("What later steps call it, as in /steps/<id>/output");

const when = condition.optional().describe("The step is skipped unless this holds");

const tool = z.string().min(1).max(64).describe("Name of the tool");

const retry = z
  .strictObject({
    attempts: z.int().min(1).max(5).describe("How often the call is made at most, the first time included"),
    delaySeconds: z.int().min(1).max(3600).describe("How long to wait before each further time")
  })
  .optional()
  .describe("What to do when the tool fails in a way that may pass; without it the step fails at once");

const toolArguments = jsonObject.default({}).describe(`Arguments of the tool. ${REFERENCES}`);

const toolStep = z.strictObject({
  kind: z.literal("tool").describe("Calls a tool; its output is the tool's"),
  ...{ id, when, tool, arguments: toolArguments, retry }
});

const forEachStep = z.strictObject({
  kind: z.literal("for_each").describe("Calls a tool for each item; its output is the list of the tool's outputs, in the items' order"),
  ...{ id, when },
  items: z
    .union([z.array(json).max(WORKFLOW_LIMITS.items), z.strictObject({ $ref: z.string().max(1000).describe("JSON Pointer to a list") })])
    .describe("The items, at most 100, or where they are"),
  tool,
  arguments: jsonObject.default({}).describe("Arguments of the tool, for one item: refer to it with /item, to its place with /index"),
  concurrency: z.int().min(1).max(5).default(3).describe("How many calls run at a time"),
  keepFailures: z
    .boolean()
    .default(false)
    .describe('An item whose call fails stands as {"error": "<message>"} in the output, and the step goes on'),
  retry
});

const approvalStep = z.strictObject({
  kind: z.literal("approval").describe("Waits until a person lets the run go on"),
  ...{ id, when },
  message: z.string().min(1).max(2000).describe("What to decide. May refer to values, as in {{/steps/find/output/title}}")
});

const sleepStep = z.strictObject({
  kind: z.literal("sleep").describe("Waits for a time"),
  ...{ id, when },
  seconds: z.int().min(1).max(WORKFLOW_LIMITS.sleepSeconds).describe("How long")
});

const codeStep = z.strictObject({
  kind: z.literal("code").describe("Computes; only in workflows that come with the server"),
  ...{ id, when },
  function: z.string().min(1).max(64).describe("Name of the function"),
  arguments: jsonObject.default({}).describe("What it computes from")
});

const stepDefinition = z.discriminatedUnion("kind", [toolStep, forEachStep, approvalStep, sleepStep, codeStep]);

/** A workflow as a model writes it. What it refers to is checked by `faultsOf`. */
export const workflowDefinition = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,63}$/, "is 1 to 64 small letters, digits, hyphens and underscores, a letter first")
    .describe("What the workflow is called, as in triage-issues"),
  title: z.string().max(200).optional().describe("Its name for people"),
  description: z.string().max(2000).optional().describe("What it does, and when to use it"),
  inputs: jsonObject
    .default({ type: "object", properties: {} })
    .describe("JSON Schema of type object: what a run is started with. Refer to it with /inputs/<name>"),
  steps: z.array(stepDefinition).min(1).max(WORKFLOW_LIMITS.steps).describe("Done one after another. Each may refer to those before it"),
  output: json.optional().describe(`What the run answers with at its end; without it, the last step's output. ${REFERENCES}`)
});

/** A workflow as a model gives it: of steps that compute it has none. */
export const givenWorkflow = workflowDefinition.extend({
  steps: z
    .array(z.discriminatedUnion("kind", [toolStep, forEachStep, approvalStep, sleepStep]))
    .min(1)
    .max(WORKFLOW_LIMITS.steps)
    .describe("Done one after another. Each may refer to those before it")
});

/** When a step is done. */
export type Condition = Readonly<z.output<typeof condition>>;

/** One step. */
export type StepDefinition = Readonly<z.output<typeof stepDefinition>>;

/** A step of one kind. */
export type StepOf<K extends StepDefinition["kind"]> = Extract<StepDefinition, { readonly kind: K }>;

/** When a failed call is made again. */
export type RetryPolicy = NonNullable<StepOf<"tool">["retry"]>;

/** A workflow that was read, its defaults filled in. */
export type WorkflowDefinition = Readonly<Omit<z.output<typeof workflowDefinition>, "steps">> & {
  readonly steps: readonly StepDefinition[];
};

/** What a reference may find: the inputs, and the steps that have ended. */
export type RunValues = {
  readonly inputs: JsonObject;
  readonly steps: { readonly [id: string]: StepValue };
  /** In the arguments of a `for_each` only. */
  readonly item?: Json;
  readonly index?: number;
};

/** What later steps see of one: a skipped step has no output. A run whose step ended otherwise has no later steps. */
export type StepValue = { readonly state: "ok" | "skipped"; readonly output?: Json };

/** Computes a step of kind `code`: pure, so that it may be done again after a crash. Throws the classes of `errors.ts`. */
export type StepFunction = (args: JsonObject) => Json;

/** A workflow that comes with the server. */
export interface ShippedWorkflow {
  readonly definition: WorkflowDefinition;
  readonly functions: ReadonlyMap<string, StepFunction>;
}
