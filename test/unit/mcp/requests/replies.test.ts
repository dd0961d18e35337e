import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Json, JsonObject } from "../../../../src/lib/json.ts";
import { type Ask, elicit, elicitUrl, InputRequired, roots, sample } from "../../../../src/mcp/ask.ts";
import { GivenReplies, toInputRequest } from "../../../../src/mcp/requests/replies.ts";

const form = elicit("Who?", z.object({ name: z.string(), age: z.int().default(7) }));
const page = elicitUrl("Sign in.", "https://example.com");
const model = sample({ messages: [], maxTokens: 1 });
const accept = { action: "accept", content: { name: "Ada" } };

const missing = (replies: GivenReplies, asks: Record<string, Ask>): string[] => {
  try {
    replies.take(asks);
    return [];
  } catch (error) {
    if (error instanceof InputRequired) return Object.keys(error.asks);
    throw error;
  }
};

describe("the replies of a request", () => {
  it("are read as the replies to their questions", () => {
    const given = {
      form: accept,
      page: { action: "accept", content: { x: 1 } },
      model: { role: "assistant", content: { type: "text", text: "hi" }, model: "m" },
      roots: { roots: [{ uri: "file:///" }] }
    };
    expect(new GivenReplies({}, given).take({ form, page, model, roots: roots() })).toEqual({
      form: { action: "accept", content: { name: "Ada", age: 7 } },
      page: { action: "accept" },
      model: given.model,
      roots: given.roots
    });
  });

  it.each<[string, Ask, Json]>([
    ["a form", form, 1],
    ["a form", form, null],
    ["a form", form, { method: "elicitation/create" }],
    ["a page", page, { action: "yes" }],
    ["a model", model, { role: "system", content: { type: "text" }, model: "m" }],
    ["a model", model, { role: "user", content: "text", model: "m" }],
    ["roots", roots(), { roots: [1] }]
  ])("to %s that are none are asked for again: %j", (_, ask, reply) => {
    expect(missing(new GivenReplies({}, { key: reply }), { key: ask })).toEqual(["key"]);
  });

  it("that are missing are asked for together, and those that are there are kept", () => {
    const replies = new GivenReplies({}, { form: accept });
    expect(missing(replies, { form, page, model })).toEqual(["page", "model"]);
    expect(replies.used).toEqual({ form: accept });
  });

  it.each<[JsonObject[string]]>([["text"], [null], [[accept]]])("that are no object are none: %j", (responses) => {
    expect(missing(new GivenReplies({}, responses), { form })).toEqual(["form"]);
  });

  it("are not looked for among what every object has", () => {
    expect(missing(new GivenReplies({}, {}), { constructor: form, toString: form })).toEqual(["constructor", "toString"]);
  });
});

describe("a question on the wire", () => {
  it("has neither an id nor an envelope", () => {
    expect([page, model, roots()].map(toInputRequest)).toEqual([
      { method: "elicitation/create", params: { mode: "url", message: "Sign in.", url: "https://example.com" } },
      { method: "sampling/createMessage", params: { messages: [], maxTokens: 1 } },
      { method: "roots/list", params: {} }
    ]);
  });
});
