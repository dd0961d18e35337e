import { describe, expect, it } from "vitest";
import type { Json } from "../../../../src/lib/json.ts";
import { utf8Bytes } from "../../../../src/lib/text.ts";
import { InvalidInput, TooLarge } from "../../../../src/mcp/errors.ts";
import { holds, referencesOf, resolve } from "../../../../src/mcp/workflow/reference.ts";
import type { Condition, RunValues } from "../../../../src/mcp/workflow.ts";

const values: RunValues = {
  inputs: { repo: "hello-world", none: null, empty: "", "a/b": { "c~d": "escaped" } },
  steps: {
    find: { state: "ok", output: { items: [{ number: 7, title: "A “bug”" }], total: 1, isComplete: true } },
    ask: { state: "skipped" }
  },
  item: { owner: "octo" },
  index: 3
};

const at = { path: "steps[2].arguments", maxBytes: 1024 };
const fill = (template: Json) => resolve(template, values, at);

describe("a template that is resolved", () => {
  it.each<[string, Json, Json]>([
    ["has the very value of a reference", { n: { $ref: "/steps/find/output/items/0/number" } }, { n: 7 }],
    ["has whole objects", { $ref: "/item" }, { owner: "octo" }],
    ["has null where null is there", [{ $ref: "/inputs/none" }], [null]],
    ["has a step that was skipped", { $ref: "/steps/ask" }, { state: "skipped" }],
    ["has text in text", "{{/inputs/repo}}: {{/steps/find/output/items/0/title}}!", "hello-world: A “bug”!"],
    ["has an empty text in text", "<{{/inputs/empty}}>", "<>"],
    ["has what is no text as JSON", "{{/index}} {{/inputs/none}} {{/item}}", '3 null {"owner":"octo"}'],
    ["reads the escapes of a pointer", "{{/inputs/a~1b/c~0d}}", "escaped"],
    ["minds no white space around a pointer", "{{ /inputs/repo  }}", "hello-world"],
    [
      "keeps other braces",
      "{{name}} {{ secrets.X }} {{{ {{ }} {/a} {{item}} {{inputs}}",
      "{{name}} {{ secrets.X }} {{{ {{ }} {/a} {{item}} {{inputs}}"
    ],
    [
      "keeps the expressions of GitHub's workflows",
      `$${"{{ inputs.repo }}"} $${"{{steps.find.outputs}}"}`,
      `$${"{{ inputs.repo }}"} $${"{{steps.find.outputs}}"}`
    ],
    ["keeps braces that do not close", "{{/inputs/repo}} {{/inputs", "hello-world {{/inputs"],
    ["keeps all else", [1, true, null, { a: { b: "c" } }], [1, true, null, { a: { b: "c" } }]]
  ])("%s", (_, template, resolved) => expect(fill(template)).toEqual(resolved));

  it("has __proto__ as a name like any other", () => {
    const resolved = fill(JSON.parse('{"__proto__": {"polluted": "{{/inputs/repo}}"}}'));
    expect(JSON.stringify(resolved)).toBe('{"__proto__":{"polluted":"hello-world"}}');
    expect(Object.getPrototypeOf(resolved)).toBe(Object.prototype);
  });

  it("does not follow references in what it was filled with", () => {
    const hostile: Json = { text: "{{/inputs/token}}", object: { $ref: "/inputs/token" } };
    const poisoned: RunValues = { inputs: { token: "secret" }, steps: { read: { state: "ok", output: hostile } } };
    const template: Json = { a: "{{/steps/read/output/text}}", b: { $ref: "/steps/read/output" }, c: "{{/steps/read/output/object}}" };
    expect(resolve(template, poisoned, at)).toEqual({ a: "{{/inputs/token}}", b: hostile, c: '{"$ref":"/inputs/token"}' });
  });

  it("is made in time linear in its length", () => {
    const startedMs = performance.now();
    for (const text of ["{{", "{{ ", "{{/", "{{/inputs/repo}}", "}}"])
      expect(() => resolve(text.repeat(200_000), values, { path: "", maxBytes: 1e8 })).not.toThrow(RangeError);
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });
});

describe("a template that cannot be resolved", () => {
  it.each<[string, Json, string]>([
    ["no member", { a: [{ $ref: "/inputs/repos" }] }, "steps[2].arguments.a[0] refers to /inputs/repos, and there is nothing there."],
    ["no output", "{{/steps/ask/output}}", "steps[2].arguments refers to /steps/ask/output, and there is nothing there."],
    ["the length of a list", "{{/steps/find/output/items/length}}", "refers to /steps/find/output/items/length,"],
    ["a prototype", { $ref: "/inputs/__proto__" }, "refers to /inputs/__proto__,"],
    ["a constructor", { $ref: "/inputs/constructor/name" }, "refers to /inputs/constructor/name,"],
    ["no pointer", { $ref: "inputs/repo" }, "refers to inputs/repo,"],
    ["a pointer with a bad escape", { $ref: "/inputs/a~2b" }, "refers to /inputs/a~2b,"],
    ["a pointer with dots", "{{ steps.find.output }}", "refers to steps.find.output,"],
    ["a number", { $ref: 7 }, "refers to 7,"],
    ["more than a reference", { x: { $ref: "/item", y: 1 } }, 'steps[2].arguments.x has a "$ref" and more']
  ])("says where it stands: %s", (_, template, message) => {
    expect(() => fill(template)).toThrow(InvalidInput);
    expect(() => fill(template)).toThrow(message);
  });
});

describe("the size of what is resolved", () => {
  const template: Json = { "ä\n": [1, "{{/inputs/repo}}“\n”{{/index}}", { $ref: "/item" }, [], {}, null, true], b: -1.5e30 };

  it("is counted to the byte", () => {
    const sizeBytes = utf8Bytes(JSON.stringify(fill(template)));
    expect(resolve(template, values, { path: "", maxBytes: sizeBytes })).toEqual(fill(template));
    expect(() => resolve(template, values, { path: "", maxBytes: sizeBytes - 1 })).toThrow(TooLarge);
  });

  it("is bounded, however often a value is referred to, and the error says what and how large", () => {
    const large: RunValues = { inputs: { text: "x".repeat(10_000) }, steps: {} };
    const many = { body: "{{/inputs/text}}".repeat(1000) };
    expect(() => resolve(many, large, { path: "steps[0].arguments", maxBytes: 65_536 })).toThrow(
      "steps[0].arguments comes to 69 KiB with 10 KiB of /inputs/text in steps[0].arguments.body, and may take 64 KiB. Refer to less."
    );
  });
});

it("lists the references of a template with their places", () => {
  const template: Json = { a: "{{/item}} and {{ /index }}", b: [1, { $ref: "/inputs/x" }], c: { $ref: 5, d: 1 }, e: null };
  expect(referencesOf(template, "args")).toEqual([
    { path: "args.a", pointer: "/item", isAlone: true },
    { path: "args.a", pointer: "/index", isAlone: true },
    { path: "args.b[1]", pointer: "/inputs/x", isAlone: true },
    { path: "args.c", pointer: "5", isAlone: false }
  ]);
});

describe("a condition", () => {
  it.each<[Condition, boolean]>([
    [{ ref: "/inputs/repo" }, true],
    [{ ref: "/inputs/none" }, true],
    [{ ref: "/inputs/other" }, false],
    [{ ref: "/steps/ask/output" }, false],
    [{ ref: "/inputs/repo", exists: true }, true],
    [{ ref: "/inputs/repo", exists: false }, false],
    [{ ref: "/inputs/other", exists: false }, true],
    [{ ref: "/steps/ask/state", equals: "skipped" }, true],
    [{ ref: "/steps/find/output/total", equals: 1 }, true],
    [{ ref: "/steps/find/output/total", equals: "1" }, false],
    [{ ref: "/inputs/none", equals: null }, true],
    [{ ref: "/inputs/other", equals: null }, false],
    [{ ref: "/steps/find/output/items", equals: [{ title: "A “bug”", number: 7 }] }, true],
    [{ ref: "/inputs/constructor" }, false]
  ])("%j is %j", (condition, isMet) => expect(holds(condition, values)).toBe(isMet));
});
