import { isJsonObject, type Json, type JsonObject } from "../../lib/json.ts";
import { readPointer } from "../../lib/json-pointer.ts";
import { cut } from "../../lib/text.ts";
import type { Fault } from "../faults.ts";
import { type Reference, referencesOf } from "./reference.ts";

/** What can be referred to at one place of a workflow. */
export interface Scope {
  readonly inputs: ReadonlySet<string>;
  /** All steps of the workflow, by their ids. */
  readonly steps: ReadonlyMap<string, ReferredStep>;
  /** How many steps have ended by then. */
  readonly ended: number;
  /** Whether there is an item: in the arguments of a `for_each`. */
  readonly hasItem: boolean;
}

/** What a reference needs to know of a step. */
export interface ReferredStep {
  readonly index: number;
  /** Schema of its output, where it is known. */
  readonly outputSchema: JsonObject | undefined;
}

/** Finds the references of a template that can lead nowhere. */
export function faultsOfReferences(template: Json, path: string, scope: Scope): readonly Fault[] {
  return referencesOf(template, path).flatMap((reference) => faultsOfReference(reference, scope));
}

/** Finds what is wrong with one reference. */
export function faultsOfReference({ pointer, path, isAlone }: Reference, scope: Scope): readonly Fault[] {
  if (!isAlone) return [{ path, message: 'an object with "$ref" is a reference and holds nothing else' }];
  const tokens = readPointer(pointer);
  const message = tokens ? faultOf(tokens, scope) : "that is no JSON Pointer: it begins with / and escapes ~ as ~0, / as ~1";
  return message === undefined ? [] : [{ path, message: `${cut(pointer, 200)}: ${message}` }];
}

function faultOf([root, name, ...rest]: readonly string[], scope: Scope): string | undefined {
  switch (root) {
    case "inputs":
      return name === undefined || scope.inputs.has(name) ? undefined : `no input is called ${quote(name)}`;
    case "steps":
      return name === undefined ? undefined : faultOfStep(name, rest, scope);
    case "item":
    case "index":
      return scope.hasItem ? undefined : `there is /${root} in the arguments of a for_each only`;
    default:
      return "a reference begins with /inputs, /steps, and in the arguments of a for_each /item or /index";
  }
}

function faultOfStep(id: string, [member, ...rest]: readonly string[], { steps, ended }: Scope): string | undefined {
  const step = steps.get(id);
  if (!step) return `no step is called ${quote(id)}`;
  if (step.index >= ended) return `the step ${quote(id)} has not ended by then: refer to earlier steps only`;
  if (member === undefined || member === "state") return undefined;
  if (member !== "output") return "of a step there are output and state";
  return step.outputSchema && faultOfOutput(step.outputSchema, rest);
}

/** Follows a pointer into the schema of an output for as long as that says all there can be. */
function faultOfOutput(outputSchema: JsonObject, tokens: readonly string[]): string | undefined {
  let schema: Json | undefined = outputSchema;
  for (const token of tokens) {
    if (!isJsonObject(schema)) return undefined;
    if (schema.type === "array") schema = schema.items;
    else if (schema.type === "object" && schema.additionalProperties === false && isJsonObject(schema.properties)) {
      if (!Object.hasOwn(schema.properties, token))
        return `the output has no ${quote(token)} there, but ${cut(Object.keys(schema.properties).join(", "), 300)}`;
      schema = schema.properties[token];
    } else return undefined;
  }
  return undefined;
}

const quote = (name: string): string => JSON.stringify(cut(name, 64));
