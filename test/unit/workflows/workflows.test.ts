import { describe, expect, it } from "vitest";
import { catalog } from "../../../src/catalog/catalog.ts";
import { faultsOf } from "../../../src/mcp/workflow/workflow-faults.ts";
import { workflows } from "../../../src/workflows/workflows.ts";

const tools = new Map(catalog.tools.map((tool) => [tool.name, tool]));

describe.each(workflows.map((workflow) => [workflow.definition.name, workflow] as const))("%s", (_, { definition, functions }) => {
  it("has no faults in this server's catalog", () =>
    expect(faultsOf(definition, { tool: (name) => tools.get(name), functions: new Set(functions.keys()), isShipped: true })).toEqual([]));

  it("calls each of its functions", () => {
    const called = definition.steps.flatMap((step) => (step.kind === "code" ? [step.function] : []));
    expect([...functions.keys()].sort()).toEqual([...new Set(called)].sort());
  });

  it("says what it is for, and what each input is", () => {
    expect(definition.title && definition.description).toBeTruthy();
    for (const input of Object.values(definition.inputs.properties ?? {})) expect(input).toHaveProperty("description");
  });
});

it("has each name once", () => {
  const names = workflows.map(({ definition }) => definition.name);
  expect(names).toEqual([...new Set(names)]);
});
