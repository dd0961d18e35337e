import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../../src/lib/json.ts";
import { InvalidInput } from "../../../../src/mcp/errors.ts";
import { faultsOfInputSchema, faultsOfInputs, readInputs } from "../../../../src/mcp/workflow/run-inputs.ts";
import { workflowDefinition } from "../../../../src/mcp/workflow.ts";

const schema: JsonObject = {
  type: "object",
  properties: {
    owner: { type: "string", minLength: 1 },
    labels: { type: "array", items: { type: "string" }, maxItems: 2, default: ["bug"] },
    state: { enum: ["open", "closed"], default: "open" },
    limit: { type: "integer", minimum: 1, maximum: 100 },
    since: { type: ["string", "null"], format: "date" },
    nested: { type: "object", properties: { deep: { type: "boolean" } }, additionalProperties: false }
  },
  required: ["owner"]
};

const definitionOf = (inputs: JsonObject) =>
  workflowDefinition.parse({ name: "a", inputs, steps: [{ id: "nap", kind: "sleep", seconds: 1 }] });
const definition = definitionOf(schema);

it("fills in the defaults of inputs", () => {
  const defaults = { labels: ["bug"], state: "open" };
  expect(readInputs(definition, { owner: "octo" })).toEqual({ owner: "octo", ...defaults });
  expect(readInputs(definition, { owner: "octo", since: null, nested: {} })).toEqual({
    owner: "octo",
    since: null,
    nested: {},
    ...defaults
  });
});

it("takes any input where the schema says so, and none where it declares none", () => {
  expect(readInputs(definitionOf({ type: "object", additionalProperties: true }), { a: 1 })).toEqual({ a: 1 });
  expect(faultsOfInputs(definitionOf({ type: "object" }), { a: 1 })).toEqual([{ path: "inputs", message: 'Unrecognized key: "a"' }]);
});

describe("inputs that do not fit", () => {
  it.each<[JsonObject, string]>([
    [{}, "inputs.owner"],
    [{ owner: "" }, "inputs.owner"],
    [{ owner: "o", labels: ["a", 1] }, "inputs.labels[1]"],
    [{ owner: "o", labels: ["a", "b", "c"] }, "inputs.labels"],
    [{ owner: "o", state: "gone" }, "inputs.state"],
    [{ owner: "o", limit: 1.5 }, "inputs.limit"],
    [{ owner: "o", since: "yesterday" }, "inputs.since"],
    [{ owner: "o", nested: { deep: 1 } }, "inputs.nested.deep"],
    [{ owner: "o", nested: { other: 1 } }, "inputs.nested"],
    [{ owner: "o", lables: [] }, "inputs"]
  ])("%j", (inputs, path) => {
    expect(faultsOfInputs(definition, inputs).map((fault) => fault.path)).toEqual([path]);
    expect(() => readInputs(definition, inputs)).toThrow(InvalidInput);
  });

  it("are refused with the workflow and the field", () =>
    expect(() => readInputs(definition, { limit: 500 })).toThrow(
      "The inputs do not fit a.\ninputs.owner: Invalid input: expected string, received undefined\ninputs.limit: Too big: expected number to be <=100"
    ));
});

describe("a schema of inputs", () => {
  it("may say all that this server checks", () => expect(faultsOfInputSchema(schema)).toEqual([]));

  it.each<[string, JsonObject, string]>([
    ["another type than object", { type: "string" }, "inputs.type"],
    ["no type", {}, "inputs.type"],
    ["an unknown type", { type: "object", properties: { a: { type: "text" } } }, "inputs.properties.a.type"],
    ["a property that is no schema", { type: "object", properties: { a: 5 } }, "inputs.properties.a"],
    ["required that is no list", { type: "object", required: "a" }, "inputs.required"],
    ["required that names no property", { type: "object", properties: { a: {} }, required: ["a", "b"] }, "inputs.required[1]"],
    ["required that names a prototype", { type: "object", required: ["constructor"] }, "inputs.required[0]"],
    ["a default of another type", { type: "object", properties: { a: { type: "integer", default: "x" } } }, "inputs.properties.a.default"],
    ["what can take forever: a pattern", { type: "object", properties: { a: { pattern: "(a+)+$" } } }, "inputs.properties.a"],
    ["what can take forever: a reference", { type: "object", properties: { a: { $ref: "#" } } }, "inputs.properties.a"],
    [
      "what grows with each item: a default",
      { type: "object", properties: { a: { type: "array", items: { default: "x" } } } },
      "inputs.properties.a.items"
    ],
    [
      "what is looked at for each item: many choices",
      { type: "object", properties: { a: { enum: Array(101).fill("x") } } },
      "inputs.properties.a.enum"
    ],
    [
      "what is looked at for each item: many properties",
      { type: "object", properties: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`p${n}`, {}])) },
      "inputs.properties"
    ],
    ["what can take forever: a choice", { type: "object", anyOf: [] }, "inputs"]
  ])("may not have %s", (_, faulty, path) => expect(faultsOfInputSchema(faulty).map((fault) => fault.path)).toEqual([path]));
});
