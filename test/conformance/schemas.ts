import { z } from "zod";
import { content, text } from "../../src/mcp/content.ts";
import { defineTool } from "../../src/mcp/define-tool.ts";
import { FIXTURE } from "./fixture.ts";

const address = z
  .object({ street: z.string().optional(), city: z.string().optional() })
  .meta({ id: "address", $anchor: "addressDef", description: "Where the person lives" });

/** SEP-1613 and SEP-2106: nothing of a schema is lost on its way into the list. */
export const jsonSchema = defineTool({
  ...FIXTURE,
  name: "json_schema_2020_12_tool",
  title: "JSON Schema 2020-12",
  description: "Takes arguments whose schema uses what JSON Schema 2020-12 added.",
  input: z
    .strictObject({
      name: z.string().optional().describe("Name of the person"),
      address: address.optional(),
      contactMethod: z.enum(["phone", "email"]).optional().describe("How to reach the person"),
      phone: z.string().optional().describe("Needed for the contact method phone"),
      email: z.string().optional().describe("Needed for any other contact method")
    })
    .meta({
      allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
      if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
      // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
      then: { required: ["phone"] },
      else: { required: ["email"] }
    }),
  run: async (input) => content(text(`Received ${JSON.stringify(input)}`))
});

/** SEP-2243: arguments that a client repeats in headers. */
export const mirroredArguments = defineTool({
  ...FIXTURE,
  name: "test_mirrored_arguments",
  title: "Arguments in headers",
  description: "Takes a text, a whole number and a truth value that stand in headers too.",
  input: z.object({
    region: z.string().meta({ "x-mcp-header": "Region" }).describe("Where to run"),
    priority: z.int().meta({ "x-mcp-header": "Priority" }).optional().describe("How urgent it is"),
    verbose: z.boolean().meta({ "x-mcp-header": "Verbose" }).optional().describe("Whether to say more"),
    note: z.string().optional().describe("Stands in no header")
  }),
  run: async (input) => content(text(`Received ${JSON.stringify(input)}`))
});
