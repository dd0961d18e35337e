import { expect, it } from "vitest";
import { memberPath } from "../../../src/lib/member-path.ts";

it.each<[string, PropertyKey[], string]>([
  ["", ["name"], "name"],
  ["steps", [2, "arguments", "repo"], "steps[2].arguments.repo"],
  ["labels", ["good first"], 'labels["good first"]'],
  ["", ["a.b"], '["a.b"]'],
  ["", [0], "[0]"],
  ["kept", [], "kept"]
])("writes %j and %j as %j", (parent, names, path) => expect(memberPath(parent, ...names)).toBe(path));
