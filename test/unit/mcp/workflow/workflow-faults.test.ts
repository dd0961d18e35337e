import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { JsonObject } from "../../../../src/lib/json.ts";
import { additive, defineTool, readOnly } from "../../../../src/mcp/define-tool.ts";
import { faultsOf, type Surroundings } from "../../../../src/mcp/workflow/workflow-faults.ts";
import { workflowDefinition } from "../../../../src/mcp/workflow.ts";

const face = { title: "A tool", description: "Does nothing.", toolset: "test", scopes: [], render: () => "" };

const findIssues = defineTool({
  ...{ ...face, name: "find_issues", annotations: readOnly },
  input: z
    .strictObject({
      owner: z.string().regex(/^\w+$/),
      labels: z.array(z.string().min(2)).optional(),
      from: z.int().default(1),
      to: z.int().default(9)
    })
    .refine(({ from, to }) => from <= to, { path: ["from"], message: "from is after to" }),
  output: z.object({ items: z.array(z.object({ number: z.int(), extra: z.record(z.string(), z.string()) })) }),
  run: async () => ({ items: [] })
});

const createIssue = defineTool({
  ...{ ...face, name: "create_issue", annotations: additive },
  input: z.object({ title: z.string() }),
  output: z.looseObject({ number: z.int() }),
  run: async () => ({ number: 1 })
});

const startWorkflow = defineTool({
  ...{ ...face, name: "start_workflow", toolset: "runs", annotations: readOnly },
  input: z.object({}),
  output: z.object({}),
  run: async () => ({})
});

const tools = new Map([findIssues, createIssue, startWorkflow].map((tool) => [tool.name, tool]));
const around: Surroundings = { tool: (name) => tools.get(name), functions: new Set(["count"]), isShipped: true };

const faults = (rest: JsonObject, surroundings = around) =>
  faultsOf(workflowDefinition.parse({ name: "a", inputs: INPUTS, ...rest }), surroundings).map(
    ({ path, message }) => `${path}: ${message}`
  );

const INPUTS = { type: "object", properties: { owner: { type: "string" }, limit: { type: "integer", default: 5 } }, required: ["owner"] };
const find = { id: "find", kind: "tool", tool: "find_issues", arguments: { owner: { $ref: "/inputs/owner" } } };
const nap = { id: "nap", kind: "sleep", seconds: 60 };

describe("a workflow without faults", () => {
  it.each<[string, JsonObject]>([
    ["has literal arguments", { steps: [{ ...find, arguments: { owner: "octo", labels: ["bug"], from: 2, to: 3 } }] }],
    ["has arguments that refer to values in part", { steps: [{ ...find, arguments: { owner: "{{/inputs/owner}}", from: 20 } }] }],
    ["refers to steps before", { steps: [find, nap, { ...find, id: "again", when: { ref: "/steps/find/output/items/0/number" } }] }],
    [
      "refers to states, whole steps, all steps and all inputs",
      { steps: [nap], output: [{ $ref: "/steps/nap/state" }, "{{/steps/nap}} {{/steps}} {{/inputs}}"] }
    ],
    ["refers to what an output may have", { steps: [find], output: "{{/steps/find/output/items/0/extra/anything}}" }],
    [
      "does something for each item",
      {
        steps: [
          find,
          {
            id: "each",
            kind: "for_each",
            items: { $ref: "/steps/find/output/items" },
            tool: "create_issue",
            arguments: { title: "{{/index}}: {{/item/number}}" }
          }
        ],
        output: { $ref: "/steps/each/output/0/number" }
      }
    ],
    [
      "keeps failures",
      {
        steps: [
          {
            id: "each",
            kind: "for_each",
            items: ["octo"],
            tool: "find_issues",
            arguments: { owner: { $ref: "/item" } },
            keepFailures: true
          }
        ],
        output: "{{/steps/each/output/0/error}}"
      }
    ],
    ["asks", { steps: [find, { id: "ask", kind: "approval", message: "{{/steps/find/output/items}}?" }] }],
    [
      "computes",
      {
        steps: [{ id: "sum", kind: "code", function: "count", arguments: { of: { $ref: "/inputs" } } }],
        output: "{{/steps/sum/output/at/will}}"
      }
    ]
  ])("%s", (_, rest) => expect(faults(rest)).toEqual([]));
});

describe("a fault of a workflow is named with its place", () => {
  it.each<[string, JsonObject, string | string[]]>([
    ["an id twice", { steps: [nap, find, nap] }, 'steps[2].id: "nap" is the id of steps[0] too'],
    ["a tool that is not there", { steps: [{ ...find, tool: "find_isues" }] }, 'steps[0].tool: no tool is called "find_isues"'],
    [
      "a tool that works on runs",
      { steps: [{ ...find, tool: "start_workflow" }] },
      "steps[0].tool: start_workflow works on runs and cannot be part of one"
    ],
    [
      "an argument that the tool does not have",
      { steps: [{ ...find, arguments: { owner: "o", repo: "{{/inputs/owner}}" } }] },
      "steps[0].arguments.repo: find_issues has no such argument, but owner, labels, from, to"
    ],
    ["an argument that is missing", { steps: [{ ...find, arguments: {} }] }, "steps[0].arguments.owner: find_issues needs it"],
    [
      "a literal of the wrong type",
      { steps: [{ ...find, arguments: { owner: 5 } }] },
      "steps[0].arguments.owner: Invalid input: expected string, received number"
    ],
    [
      "a literal within an argument, beside a reference",
      { steps: [{ ...find, arguments: { owner: { $ref: "/inputs/owner" }, labels: ["bug", "x"] } }] },
      "steps[0].arguments.labels[1]: Too small: expected string to have >=2 characters"
    ],
    [
      "literals that do not go together",
      { steps: [{ ...find, arguments: { owner: "o", from: 10 } }] },
      "steps[0].arguments.from: from is after to"
    ],
    [
      "an idempotency key",
      { steps: [{ ...find, tool: "create_issue", arguments: { title: "t", idempotency_key: "k" } }] },
      "steps[0].arguments.idempotency_key: a step is done once as it is, and takes no key"
    ],
    [
      "an input that is not declared",
      { steps: [{ ...find, arguments: { owner: { $ref: "/inputs/user" } } }] },
      'steps[0].arguments.owner: /inputs/user: no input is called "user"'
    ],
    [
      "a prototype as an input",
      { steps: [nap], output: "{{/inputs/__proto__}}" },
      'output: /inputs/__proto__: no input is called "__proto__"'
    ],
    [
      "a step that is not there",
      { steps: [{ ...find, when: { ref: "/steps/fin/output" } }] },
      'steps[0].when.ref: /steps/fin/output: no step is called "fin"'
    ],
    [
      "a step that comes later",
      { steps: [{ ...nap, when: { ref: "/steps/find/output" } }, find] },
      'steps[0].when.ref: /steps/find/output: the step "find" has not ended by then: refer to earlier steps only'
    ],
    [
      "the step itself",
      { steps: [{ ...nap, when: { ref: "/steps/nap/state" } }] },
      'steps[0].when.ref: /steps/nap/state: the step "nap" has not ended by then: refer to earlier steps only'
    ],
    [
      "what a step does not have",
      { steps: [find], output: "{{/steps/find/result}}" },
      "output: /steps/find/result: of a step there are output and state"
    ],
    [
      "what an output does not have",
      { steps: [find], output: { a: ["{{/steps/find/output/items/0/title}}"] } },
      'output.a[0]: /steps/find/output/items/0/title: the output has no "title" there, but number, extra'
    ],
    [
      "an item where there is none",
      { steps: [{ ...find, arguments: { owner: { $ref: "/item" } } }] },
      "steps[0].arguments.owner: /item: there is /item in the arguments of a for_each only"
    ],
    [
      "an item in the items and the condition of for_each",
      {
        steps: [
          {
            id: "each",
            kind: "for_each",
            when: { ref: "/index" },
            items: { $ref: "/item" },
            tool: "find_issues",
            arguments: { owner: "o" }
          }
        ]
      },
      [
        "steps[0].when.ref: /index: there is /index in the arguments of a for_each only",
        "steps[0].items: /item: there is /item in the arguments of a for_each only"
      ]
    ],
    [
      "no pointer",
      { steps: [nap], output: { $ref: "steps.nap.state" } },
      "output: steps.nap.state: that is no JSON Pointer: it begins with / and escapes ~ as ~0, / as ~1"
    ],
    [
      "dots in text",
      { steps: [nap], output: "{{inputs.owner}}" },
      "output: inputs.owner: that is no JSON Pointer: it begins with / and escapes ~ as ~0, / as ~1"
    ],
    [
      "a bad escape",
      { steps: [nap], output: { $ref: "/inputs/a~b" } },
      "output: /inputs/a~b: that is no JSON Pointer: it begins with / and escapes ~ as ~0, / as ~1"
    ],
    [
      "another root",
      { steps: [nap], output: "{{/env/SECRET}}" },
      "output: /env/SECRET: a reference begins with /inputs, /steps, and in the arguments of a for_each /item or /index"
    ],
    [
      "everything",
      { steps: [nap], output: { $ref: "" } },
      "output: : a reference begins with /inputs, /steps, and in the arguments of a for_each /item or /index"
    ],
    [
      "more than a reference",
      { steps: [nap], output: { $ref: "/inputs", or: 1 } },
      'output: an object with "$ref" is a reference and holds nothing else'
    ],
    [
      "a reference in what is asked",
      { steps: [{ id: "ask", kind: "approval", message: "{{/steps/x/output}}?" }] },
      'steps[0].message: /steps/x/output: no step is called "x"'
    ],
    [
      "a function that is not there",
      { steps: [{ id: "sum", kind: "code", function: "sum" }] },
      'steps[0].function: no function is called "sum"'
    ],
    ["inputs that are no object", { inputs: { type: "array" }, steps: [nap] }, 'inputs.type: Invalid input: expected "object"'],
    [
      "inputs with a pattern",
      { inputs: { type: "object", properties: { a: { type: "string", pattern: "(a+)+$" } } }, steps: [nap] },
      'inputs.properties.a: Unrecognized key: "pattern"'
    ],
    [
      "more sleep than 30 days",
      { steps: [nap, { ...nap, id: "long", seconds: 2_592_000 }] },
      "steps: they sleep 2592060 s in all, and 2592000 s (30 days) at most"
    ]
  ])("%s", (_, rest, expected) => expect(faults(rest)).toEqual([expected].flat()));

  it("code in a workflow that did not come with the server", () => {
    const steps = [{ id: "sum", kind: "code", function: "count" }];
    const message = "steps[0].kind: steps of kind code are for workflows that come with the server";
    expect(faults({ steps }, { ...around, isShipped: false })).toEqual([message]);
  });

  it("more than 1,000 calls, each for_each counted with its items, or with 100 where it refers to them", () => {
    const each = (index: number, items: JsonObject | string[]) => ({
      ...find,
      id: `each_${index}`,
      kind: "for_each",
      items,
      arguments: { owner: { $ref: "/item" } }
    });
    const steps = Array.from({ length: 9 }, (_, index) => each(index, { $ref: "/inputs/owner" }));
    const hundred = Array.from({ length: 99 }, () => "octo");
    expect(faults({ steps: [...steps, each(9, hundred), find] })).toEqual([]);
    expect(faults({ steps: [...steps, each(9, hundred), find, { ...find, id: "one_more" }] })).toEqual([
      "steps: they may make 1001 calls, and 1000 at most: a for_each counts with its items, or with 100 where it refers to them"
    ]);
  });

  it("more than 100 steps", () => {
    const steps = Array.from({ length: 101 }, (_, index) => ({ ...nap, id: `nap_${index}` }));
    expect(workflowDefinition.safeParse({ name: "a", steps }).success).toBe(false);
    const definition = workflowDefinition.parse({ name: "a", steps: steps.slice(1) });
    expect(
      faultsOf({ ...definition, steps: [...definition.steps, ...definition.steps.slice(0, 1)] }, around).map(({ message }) => message)
    ).toContain("there are 101, and 100 at most");
  });

  it("all of them at once", () => {
    const steps = [
      { ...find, tool: "a", when: { ref: "b" } },
      { ...find, arguments: { owner: "{{/c}}", d: 1 } }
    ];
    expect(faults({ steps, output: "{{/e}}" }).map((fault) => fault.split(": ")[0])).toEqual([
      ...["steps[1].id", "steps[0].when.ref", "steps[0].tool", "steps[1].arguments.owner", "steps[1].arguments.d", "output"]
    ]);
  });
});
