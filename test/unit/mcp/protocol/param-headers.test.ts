import { describe, expect, it } from "vitest";
import { z } from "zod";
import { content } from "../../../../src/mcp/content.ts";
import { defineTool, readOnlyHere } from "../../../../src/mcp/define-tool.ts";

const define = (input: z.ZodObject) =>
  defineTool({
    name: "a_tool",
    title: "A tool",
    description: "Does nothing.",
    toolset: "test",
    scopes: [],
    annotations: readOnlyHere,
    input,
    run: async () => content()
  });

const named = (name: unknown) => ({ "x-mcp-header": name });

describe("a parameter that is mirrored into a header", () => {
  it("is found at any depth", () => {
    const { paramHeaders } = define(
      z.object({
        region: z.string().default("eu").meta(named("Region")),
        deep: z.object({ count: z.int().optional().meta(named("Count")), isDry: z.boolean().meta(named("Dry")) }),
        plain: z.string()
      })
    );
    expect(paramHeaders).toEqual([
      { header: "Mcp-Param-Region", path: ["region"], isInteger: false },
      { header: "Mcp-Param-Count", path: ["deep", "count"], isInteger: true },
      { header: "Mcp-Param-Dry", path: ["deep", "isDry"], isInteger: false }
    ]);
  });

  it.each<[string, z.ZodObject]>([
    ["without a name", z.object({ a: z.string().meta(named("")) })],
    ["whose name is no text", z.object({ a: z.string().meta(named(1)) })],
    ["whose name is none for a header", z.object({ a: z.string().meta(named("Re gion")) })],
    ["that is a number", z.object({ a: z.number().meta(named("A")) })],
    ["that is an object", z.object({ a: z.object({}).meta(named("A")) })],
    ["that may be null", z.object({ a: z.string().nullable().meta(named("A")) })],
    ["of a list", z.object({ a: z.array(z.string().meta(named("A"))) })],
    ["of one of several shapes", z.object({ a: z.union([z.object({ b: z.string().meta(named("A")) }), z.string()]) })],
    ["that is everything", z.object({}).meta(named("A"))],
    ["whose name is taken", z.object({ a: z.string().meta(named("A")), b: z.string().meta(named("a")) })]
  ])("%s fails at load time", (_, input) => {
    expect(() => define(input)).toThrow("x-mcp-header");
  });
});
