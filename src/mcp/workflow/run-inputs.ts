import { z } from "zod";
import { isJsonObject, type JsonObject } from "../../lib/json.ts";
import { memberPath } from "../../lib/member-path.ts";
import { InvalidInput } from "../errors.ts";
import { type Fault, sayFaults, toFaults } from "../faults.ts";
import type { WorkflowDefinition } from "../workflow.ts";

/** Finds what is wrong with a workflow's schema of its inputs. */
export function faultsOfInputSchema(schema: JsonObject): readonly Fault[] {
  const parsed = inputSchema.safeParse(schema);
  return parsed.success ? faultsOfDefaults(schema) : toFaults(parsed.error, "inputs");
}

/** Finds what is wrong with the inputs of a run whose workflow has no faults. */
export function faultsOfInputs(definition: WorkflowDefinition, inputs: JsonObject): readonly Fault[] {
  const parsed = toZod(definition).safeParse(inputs);
  return parsed.success ? [] : toFaults(parsed.error, "inputs");
}

/**
 * Checks the inputs of a run whose workflow has no faults, and fills in the defaults. An input that is not declared is a fault.
 * @throws InvalidInput
 */
export function readInputs(definition: WorkflowDefinition, inputs: JsonObject): JsonObject {
  const parsed = toZod(definition).safeParse(inputs);
  if (parsed.success && isJsonObject(parsed.data)) return parsed.data;
  const faults = parsed.success ? [] : toFaults(parsed.error, "inputs");
  throw new InvalidInput(`The inputs do not fit ${definition.name}.\n${sayFaults(faults)}`);
}

/** The names of the inputs that a workflow declares. */
export const declaredInputs = ({ inputs: { properties } }: WorkflowDefinition): ReadonlySet<string> =>
  new Set(isJsonObject(properties) ? Object.keys(properties) : []);

const toZod = ({ inputs }: WorkflowDefinition): z.ZodType => z.fromJSONSchema({ additionalProperties: false, ...inputs });

/**
 * The part of JSON Schema that a model may write: what takes time and room in proportion to what it checks. A pattern can take
 * forever, so can schemas that refer to one another, and a default within a list is there once for each item.
 */
const nested: z.ZodType = z.lazy(() => nestedSchema);

const typeName = z.enum(["string", "number", "integer", "boolean", "object", "array", "null"]);
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const bound = z.number().optional();
const count = z.int().min(0).optional();

/** Each member of an object, and each choice, is looked at for each item of a list. */
const MAX_CHOICES = 100;

const objectKeywords = {
  title: z.string().optional(),
  description: z.string().optional(),
  properties: z.record(z.string(), nested).optional(),
  required: z.array(z.string()).optional(),
  additionalProperties: z.boolean().optional()
};

const keywords = {
  ...objectKeywords,
  type: z.union([typeName, z.tuple([typeName, z.literal("null")])]).optional(),
  enum: z.array(scalar).min(1).max(MAX_CHOICES).optional(),
  const: scalar.optional(),
  examples: z.array(z.json()).optional(),
  format: z.enum(["date", "date-time", "time", "email", "uri", "uuid"]).optional(),
  ...{ minLength: count, maxLength: count },
  ...{ minimum: bound, maximum: bound, exclusiveMinimum: bound, exclusiveMaximum: bound, multipleOf: z.number().positive().optional() },
  ...{ items: nested.optional(), minItems: count, maxItems: count, uniqueItems: z.boolean().optional() }
};

const nestedSchema = z.strictObject(keywords).superRefine(checkMembers);
const input = z.strictObject({ ...keywords, default: z.json().optional() }).superRefine(checkMembers);

const inputSchema = z
  .strictObject({ ...objectKeywords, properties: z.record(z.string(), input).optional(), type: z.literal("object") })
  .superRefine(checkMembers);

interface Members {
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
  readonly required?: readonly string[] | undefined;
}

function checkMembers({ properties = {}, required = [] }: Members, ctx: z.RefinementCtx): void {
  const names = Object.keys(properties).length;
  if (names > MAX_CHOICES)
    ctx.addIssue({ code: "custom", path: ["properties"], message: `${names} are declared, and ${MAX_CHOICES} at most` });
  for (const [index, name] of required.entries()) {
    const path = ["required", index];
    if (!Object.hasOwn(properties, name)) ctx.addIssue({ code: "custom", path, message: `no property is called ${JSON.stringify(name)}` });
  }
}

/** A default is taken as it is, so it is checked where it is declared. */
function faultsOfDefaults({ properties }: JsonObject): readonly Fault[] {
  const faults: Fault[] = [];
  for (const [name, schema] of Object.entries(isJsonObject(properties) ? properties : {})) {
    if (!isJsonObject(schema) || schema.default === undefined) continue;
    const { default: value, ...rest } = schema;
    const parsed = z.fromJSONSchema(rest).safeParse(value);
    if (!parsed.success) faults.push(...toFaults(parsed.error, memberPath("inputs.properties", name, "default")));
  }
  return faults;
}
