import { isJsonObject, type JsonObject } from "../../lib/json.ts";
import { memberPath } from "../../lib/member-path.ts";
import { cut } from "../../lib/text.ts";
import type { Tool } from "../define-tool.ts";
import { type Fault, toFaults } from "../faults.ts";
import { IDEMPOTENCY_ARGUMENT } from "../idempotency.ts";
import { referencesOf } from "./reference.ts";

/**
 * Finds what is wrong with a step's arguments of a tool before anything that they refer to is known: names that the tool does not
 * have, those that it needs, and values that stand there as they are.
 */
export function faultsOfArguments(tool: Tool, args: JsonObject, path: string): readonly Fault[] {
  const faults = [...faultsOfNames(tool, args, path), ...faultsOfLiterals(tool, args, path)];
  if (faults.length > 0 || referencesOf(args, "").length > 0) return faults;
  // What fields must be to each other can be told only of all of them.
  const parsed = tool.input.safeParse(args);
  return parsed.success ? [] : toFaults(parsed.error, path);
}

function* faultsOfNames({ name: tool, inputSchema, takesKey }: Tool, args: JsonObject, path: string): Generator<Fault> {
  const { properties, required, additionalProperties } = inputSchema;
  const known = isJsonObject(properties) ? Object.keys(properties).filter((name) => name !== IDEMPOTENCY_ARGUMENT) : [];
  for (const name of Object.keys(args)) {
    const at = memberPath(path, name);
    if (takesKey && name === IDEMPOTENCY_ARGUMENT) yield { path: at, message: "a step is done once as it is, and takes no key" };
    else if (!known.includes(name) && !additionalProperties)
      yield { path: at, message: `${tool} has no such argument, but ${cut(known.join(", "), 300) || "none at all"}` };
  }
  for (const name of Array.isArray(required) ? required : []) {
    if (typeof name === "string" && args[name] === undefined) yield { path: memberPath(path, name), message: `${tool} needs it` };
  }
}

function* faultsOfLiterals({ input }: Tool, args: JsonObject, path: string): Generator<Fault> {
  for (const [name, value = null] of Object.entries(args)) {
    const field = Object.hasOwn(input.shape, name) ? input.shape[name] : undefined;
    if (!field || referencesOf(value, "").length > 0) continue;
    const parsed = field.safeParse(value);
    if (!parsed.success) yield* toFaults(parsed.error, memberPath(path, name));
  }
}
