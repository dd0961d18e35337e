import { z } from "zod";
import { elicit, roots, sample } from "../../src/mcp/ask.ts";
import { content, text } from "../../src/mcp/content.ts";
import { defineTool } from "../../src/mcp/define-tool.ts";
import { FIXTURE } from "./fixture.ts";
import { textOf } from "./questions.ts";

/** SEP-2322: https://modelcontextprotocol.io/specification/draft/basic/utilities/mrtr. The keys of the questions are the referee's. */
const ASKING = { ...FIXTURE, input: z.object({}) } as const;

const nameForm = z.object({ name: z.string() });
const confirmForm = z.object({ ok: z.boolean() });

export const roundOfElicitation = defineTool({
  ...ASKING,
  name: "test_input_required_result_elicitation",
  title: "Round of a form",
  description: "Asks the user for a name, and greets.",
  async run(_, ctx) {
    const { user_name } = await ctx.ask({ user_name: elicit("What is your name?", nameForm) });
    return content(text(user_name.action === "accept" ? `Hello, ${user_name.content.name}!` : "Hello, whoever you are!"));
  }
});

export const roundOfSampling = defineTool({
  ...ASKING,
  name: "test_input_required_result_sampling",
  title: "Round of sampling",
  description: "Asks the client's model for a capital.",
  async run(_, ctx) {
    const { capital_question } = await ctx.ask({ capital_question: say("What is the capital of France?", 100) });
    return content(text(textOf(capital_question.content)));
  }
});

export const roundOfRoots = defineTool({
  ...ASKING,
  name: "test_input_required_result_list_roots",
  title: "Round of roots",
  description: "Asks which folders the client works in.",
  async run(_, ctx) {
    const { client_roots } = await ctx.ask({ client_roots: roots() });
    return content(text(`The client works in ${client_roots.roots.map(({ uri }) => uri).join(", ")}.`));
  }
});

export const roundWithState = defineTool({
  ...ASKING,
  name: "test_input_required_result_request_state",
  title: "Round with a state",
  description: "Asks for a confirmation; its answer says that the state came back.",
  async run(_, ctx) {
    const { confirm } = await ctx.ask({ confirm: elicit("Please confirm", confirmForm) });
    return content(text(`state-ok: ${confirm.action}`));
  }
});

export const roundOfSeveral = defineTool({
  ...ASKING,
  name: "test_input_required_result_multiple_inputs",
  title: "Round of several questions",
  description: "Asks the user, the model and the client at once.",
  async run(_, ctx) {
    const { user_name, greeting, client_roots } = await ctx.ask({
      user_name: elicit("What is your name?", nameForm),
      greeting: say("Generate a greeting", 50),
      client_roots: roots()
    });
    const name = user_name.action === "accept" ? user_name.content.name : "nobody";
    return content(text(`${textOf(greeting.content)} ${name} works in ${client_roots.roots.length} folders.`));
  }
});

export const severalRounds = defineTool({
  ...ASKING,
  name: "test_input_required_result_multi_round",
  title: "Several rounds",
  description: "Asks for a name, and then for a color.",
  async run(_, ctx) {
    const { step1 } = await ctx.ask({ step1: elicit("Step 1: What is your name?", nameForm) });
    const { step2 } = await ctx.ask({ step2: elicit("Step 2: What is your favorite color?", z.object({ color: z.string() })) });
    if (step1.action !== "accept" || step2.action !== "accept") return content(text("Some questions stayed open."));
    return content(text(`${step1.content.name} likes ${step2.content.color}.`));
  }
});

export const tamperedState = defineTool({
  ...ASKING,
  name: "test_input_required_result_tampered_state",
  title: "Tampered state",
  description: "Asks for a confirmation, which the referee sends back with a state that it changed.",
  async run(_, ctx) {
    const { confirm } = await ctx.ask({ confirm: elicit("Please confirm", confirmForm) });
    return content(text(`The state was taken: ${confirm.action}`));
  }
});

/** The referee declares sampling and no elicitation; a tool does not see what is declared, so this one asks for that only. */
export const declaredOnly = defineTool({
  ...ASKING,
  name: "test_input_required_result_capabilities",
  title: "Declared capabilities only",
  description: "Asks nothing but the client's model.",
  async run(_, ctx) {
    const { summary } = await ctx.ask({ summary: say("Say hello.", 50) });
    return content(text(textOf(summary.content)));
  }
});

/** Asks the model one thing. */
function say(what: string, maxTokens: number) {
  return sample({ messages: [{ role: "user", content: { type: "text", text: what } }], maxTokens });
}
