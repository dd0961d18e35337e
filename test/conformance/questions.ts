import { z } from "zod";
import { isJsonObject, type Json } from "../../src/lib/json.ts";
import { elicit, sample } from "../../src/mcp/ask.ts";
import { type Content, content, text } from "../../src/mcp/content.ts";
import { defineTool } from "../../src/mcp/define-tool.ts";
import { FIXTURE } from "./fixture.ts";

export const sampling = defineTool({
  ...FIXTURE,
  name: "test_sampling",
  title: "Sampling",
  description: "Asks the client's model.",
  input: z.object({ prompt: z.string().describe("What to ask the model") }),
  async run({ prompt }, ctx) {
    const messages = [{ role: "user", content: { type: "text", text: prompt } }];
    const { reply } = await ctx.ask({ reply: sample({ messages, maxTokens: 100 }) });
    return content(text(`LLM response: ${textOf(reply.content)}`));
  }
});

export const elicitation = defineTool({
  ...FIXTURE,
  name: "test_elicitation",
  title: "Elicitation",
  description: "Asks the user for a name and an address.",
  input: z.object({ message: z.string().describe("What to tell the user") }),
  async run({ message }, ctx) {
    const form = z.object({ username: z.string().describe("User's response"), email: z.string().describe("User's email address") });
    const { reply } = await ctx.ask({ reply: elicit(message, form) });
    return toContent("User response", reply);
  }
});

/** SEP-1034: a default for each primitive type. */
export const elicitationDefaults = defineTool({
  ...FIXTURE,
  name: "test_elicitation_sep1034_defaults",
  title: "Elicitation with defaults",
  description: "Asks the user with a form that is filled in already.",
  input: z.object({}),
  async run(_, ctx) {
    const form = z.object({
      name: z.string().default("John Doe").describe("User name"),
      age: z.int().default(30).describe("User age"),
      score: z.number().default(95.5).describe("User score"),
      status: z.enum(["active", "inactive", "pending"]).default("active").describe("User status"),
      verified: z.boolean().default(true).describe("Whether the user is verified")
    });
    const { reply } = await ctx.ask({ reply: elicit("Please review the form and correct it.", form) });
    return toContent("Elicitation completed", reply);
  }
});

/** SEP-1330: the five ways to write a choice. */
export const elicitationEnums = defineTool({
  ...FIXTURE,
  name: "test_elicitation_sep1330_enums",
  title: "Elicitation with choices",
  description: "Asks the user to choose: from one list or several of its entries, with titles and without.",
  input: z.object({}),
  async run(_, ctx) {
    const form = z.object({
      untitledSingle: z.enum(["option1", "option2", "option3"]),
      titledSingle: z.string().meta({ oneOf: titled("Option") }),
      legacyEnum: z.enum(["opt1", "opt2", "opt3"]).meta({ enumNames: ["Option One", "Option Two", "Option Three"] }),
      untitledMulti: z.array(z.enum(["option1", "option2", "option3"])),
      titledMulti: z.array(z.unknown().meta({ anyOf: titled("Choice") }))
    });
    const { reply } = await ctx.ask({ reply: elicit("Please choose.", form) });
    return toContent("Elicitation completed", reply);
  }
});

/** SEP-2575: the referee calls it without declaring sampling. */
export const missingCapability = defineTool({
  ...FIXTURE,
  name: "test_missing_capability",
  title: "Missing capability",
  description: "Needs a client that offers its model.",
  input: z.object({}),
  async run(_, ctx) {
    const messages = [{ role: "user", content: { type: "text", text: "Say hello." } }];
    const { reply } = await ctx.ask({ reply: sample({ messages, maxTokens: 50 }) });
    return content(text(textOf(reply.content)));
  }
});

/** SEP-2575: a question of the stateless era is a result, never a request of its own on the stream. */
export const streamingElicitation = defineTool({
  ...FIXTURE,
  name: "test_streaming_elicitation",
  title: "Question after progress",
  description: "Reports progress, and asks the user then.",
  input: z.object({}),
  async run(_, ctx) {
    await ctx.progress(0, 1);
    const { confirm } = await ctx.ask({ confirm: elicit("Go on?", z.object({ ok: z.boolean() })) });
    return toContent("Elicitation completed", confirm);
  }
});

const titled = (noun: string) => ["First", "Second", "Third"].map((nth, i) => ({ const: `value${i + 1}`, title: `${nth} ${noun}` }));

/** The text of what a model said. */
export const textOf = (block: Json): string => (isJsonObject(block) && typeof block.text === "string" ? block.text : JSON.stringify(block));

function toContent(what: string, reply: { readonly action: string; readonly content?: object }): Content {
  return content(text(`${what}: action=${reply.action}, content=${JSON.stringify(reply.content ?? {})}`));
}
