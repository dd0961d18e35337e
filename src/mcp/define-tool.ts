import { z } from "zod";
import { isJsonObject, type JsonObject } from "../lib/json.ts";
import type { Content } from "./content.ts";
import type { Context } from "./context.ts";
import { IDEMPOTENCY_ARGUMENT, IDEMPOTENCY_SCHEMA } from "./idempotency.ts";
import type { Scope } from "./principal.ts";
import { type ParamHeader, readParamHeaders } from "./protocol/param-headers.ts";
import { declareMarkedFields, type MarkedField, readMarkedFields } from "./written-by-others.ts";

/** All four hints, so that none is left to a client's default: https://modelcontextprotocol.io/specification/2025-11-25/schema#toolannotations */
export interface Annotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/** Changes nothing anywhere. */
export const readOnly: Annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true };

/** Reads what this server itself keeps. */
export const readOnlyHere: Annotations = { ...readOnly, openWorldHint: false };

/** Writes outside; adds, and takes nothing away. */
export const additive: Annotations = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true };

/** Changes what this server itself keeps; adds, and takes nothing away. */
export const additiveHere: Annotations = { ...additive, openWorldHint: false };

/** Writes outside; cannot be taken back. */
export const destructive: Annotations = { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true };

/** Changes what this server itself keeps; cannot be taken back, and done twice it is done once. */
export const destructiveHere: Annotations = { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false };

/** What every tool says of itself. */
interface ToolFace {
  /** `verb_noun`, at most 64 characters. */
  readonly name: string;
  readonly title: string;
  /** When to use it, and what to call before. */
  readonly description: string;
  /** The slice of the catalog it belongs to: `/mcp/x/<toolset>`. */
  readonly toolset: string;
  /** What the principal needs; `[]` is a statement. */
  readonly scopes: readonly Scope[];
  readonly annotations: Annotations;
  /** May run longer than a call's deadline. Its output is made with {@link detachable}. */
  readonly detaches?: true;
  /** Made to be asked again and again, as for the state of something that goes on: the loop guard lets it. */
  readonly mayRepeat?: true;
}

/** A tool as it is written: see "Add a tool" in the README. */
export interface ToolDefinition<I extends z.ZodObject, O extends z.ZodType<object>> extends ToolFace {
  readonly input: I;
  readonly output: O;
  /** Returns data and throws the classes of `errors.ts`. */
  run(input: z.output<I>, ctx: Context): Promise<z.input<O>>;
  /**
   * The text twin of the structured result: short, and all that a model needs to go on. Some clients show it this, others the structured
   * result, none both.
   */
  render(output: z.output<O>): string;
}

/** A tool whose answer is an image, audio or an embedded resource. */
export interface ContentToolDefinition<I extends z.ZodObject> extends ToolFace {
  readonly input: I;
  run(input: z.output<I>, ctx: Context): Promise<Content>;
}

/** A tool of a catalog: its types are checked where it is defined, and erased here. */
export interface Tool extends Omit<ToolFace, "detaches" | "mayRepeat"> {
  readonly detaches: boolean;
  readonly mayRepeat: boolean;
  /** It takes an idempotency key as an argument, of which it is not told itself. */
  readonly takesKey: boolean;
  readonly input: z.ZodObject;
  readonly inputSchema: JsonObject;
  /** The parameters that stateless clients mirror into headers: `.meta({ "x-mcp-header": "Region" })`. */
  readonly paramHeaders: readonly ParamHeader[];
  /** Absent for a tool that answers with content. */
  readonly structured?: {
    readonly output: z.ZodType<object>;
    readonly outputSchema: JsonObject;
    /** The fields that hold what others wrote: see `writtenByOthers`. */
    readonly markedFields: readonly MarkedField[];
    render(output: object): string;
  };
  run(input: object, ctx: Context): Promise<object>;
}

/**
 * Defines a tool.
 * @throws Error at load time for a name or an `x-mcp-header` the protocol does not allow, and for an argument or a property of the
 * output that the server has itself.
 */
export function defineTool<I extends z.ZodObject, O extends z.ZodType<object>>(definition: ToolDefinition<I, O>): Tool;
export function defineTool<I extends z.ZodObject>(definition: ContentToolDefinition<I>): Tool;
export function defineTool(definition: ToolDefinition<z.ZodObject, z.ZodType<object>> | ContentToolDefinition<z.ZodObject>): Tool {
  const { name, title, description, toolset, scopes, annotations, detaches = false, mayRepeat = false, input } = definition;
  if (!TOOL_NAME.test(name)) throw new Error(`"${name}" is not a name for a tool.`);
  if (detaches && !("output" in definition && definition.output.safeParse(RUNNING).success))
    throw new Error(`"${name}" detaches, and its output is not made with detachable().`);
  const takesKey = !annotations.readOnlyHint && !annotations.idempotentHint;
  const inputSchema = takesKey ? withKey(name, toSchema(input, "input")) : toSchema(input, "input");
  return {
    ...{ name, title, description, toolset, scopes, annotations, detaches, mayRepeat, takesKey, input, inputSchema },
    paramHeaders: readParamHeaders(inputSchema),
    // The pipeline parses with these very schemas before it calls, so the types hold.
    run: definition.run as Tool["run"],
    ...("output" in definition && { structured: toStructured(definition) })
  };
}

function withKey(name: string, schema: JsonObject): JsonObject {
  const properties = isJsonObject(schema.properties) ? schema.properties : {};
  if (IDEMPOTENCY_ARGUMENT in properties)
    throw new Error(`${IDEMPOTENCY_ARGUMENT} is the server's own argument, and "${name}" has it too.`);
  return { ...schema, properties: { ...properties, [IDEMPOTENCY_ARGUMENT]: IDEMPOTENCY_SCHEMA } };
}

function toStructured({ name, output, render }: ToolDefinition<z.ZodObject, z.ZodType<object>>): NonNullable<Tool["structured"]> {
  // A union has no type of its own, and the protocol asks for an object.
  const outputSchema: JsonObject = { type: "object", ...toSchema(output, "output") };
  const markedFields = readMarkedFields(outputSchema);
  return { output, render, markedFields, outputSchema: markedFields.length > 0 ? declareMarkedFields(name, outputSchema) : outputSchema };
}

/** The output of a tool that may run longer than a call's deadline: done, or going on under a handle. */
export function detachable<S extends z.ZodRawShape>(shape: S) {
  return z.discriminatedUnion("status", [
    z.object({ status: z.literal("done"), ...shape }),
    z.object({
      status: z.literal("running"),
      call: z.string().describe("Handle of the call, which goes on: ask get_call for its outcome"),
      next: z.string().describe("What to do about it")
    })
  ]);
}

/** What a call is answered that goes on. */
const RUNNING = { status: "running", call: "call", next: "next" } as const;

const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

const toSchema = (schema: z.ZodType, io: "input" | "output"): JsonObject => z.toJSONSchema(schema, { io }) as JsonObject;
