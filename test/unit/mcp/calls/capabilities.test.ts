import { describe, expect, it } from "vitest";
import { z } from "zod";
import { elicit, elicitUrl, roots, sample } from "../../../../src/mcp/ask.ts";
import { requireCapabilities } from "../../../../src/mcp/calls/capabilities.ts";
import { Unsupported } from "../../../../src/mcp/errors.ts";

const ASKS = {
  form: elicit("Which?", z.object({})),
  page: elicitUrl("Where?", "https://example.com"),
  sample: sample({ messages: [], maxTokens: 1 }),
  roots: roots()
};

describe.each(Object.entries(ASKS))("a question (%s)", (_, ask) => {
  it.each([[null], [true], ["yes"], [[]]])("is refused to a client that declares %j where an object belongs", (declared) => {
    expect(() => requireCapabilities({ ask }, { elicitation: declared, sampling: declared, roots: declared })).toThrow(Unsupported);
  });
});
