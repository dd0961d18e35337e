import type { Json } from "../../lib/json.ts";
import { InvalidInput } from "../errors.ts";
import { type RunValues, type StepOf, WORKFLOW_LIMITS } from "../workflow.ts";
import { type Resolving, resolve } from "./reference.ts";

/**
 * Finds the items of a step. Items that stand in the definition may hold references themselves.
 * @throws InvalidInput for what is no list of at most 100, or refers to what is not there, TooLarge.
 */
export function itemsOf({ items }: StepOf<"for_each">, values: RunValues, resolving: Resolving): readonly Json[] {
  const found = resolve(items, values, resolving);
  if (!Array.isArray(found)) throw new InvalidInput(`${resolving.path} refers to something that is no list.`);
  if (found.length <= WORKFLOW_LIMITS.items) return found;
  throw new InvalidInput(`${resolving.path} has ${found.length} items, and one step takes ${WORKFLOW_LIMITS.items} at most.`);
}
