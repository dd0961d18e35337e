import { expect, it } from "vitest";
import { z } from "zod";
import { Deadlines } from "../../../src/lib/deadlines.ts";
import { elicit } from "../../../src/mcp/ask.ts";
import { runBounded } from "../../../src/mcp/bounded.ts";
import type { Context } from "../../../src/mcp/context.ts";
import { additive, defineTool } from "../../../src/mcp/define-tool.ts";
import { DeadlineExceeded } from "../../../src/mcp/errors.ts";
import type { Host, Invocation } from "../../../src/mcp/host.ts";

const askFirst = defineTool({
  name: "ask_first",
  title: "Ask first",
  description: "Writes when the user agrees.",
  toolset: "test",
  scopes: [],
  annotations: additive,
  input: z.object({}),
  output: z.object({ written: z.boolean() }),
  async run(_, ctx) {
    await ctx.ask({ consent: elicit("Write?", z.object({})) });
    return { written: true };
  },
  render: ({ written }) => String(written)
});

it("says that a write was cancelled when its client cancels while the user is asked", async () => {
  const client = new AbortController();
  // As the SDK does it: the question fails with the words for one that nobody answered.
  const ask = () =>
    new Promise<never>((_, reject) => {
      client.signal.addEventListener("abort", () => reject(new DeadlineExceeded("Nobody answered.")));
      queueMicrotask(() => client.abort());
    });
  const onCancel = (listener: () => void) => {
    client.signal.addEventListener("abort", listener);
    return () => client.signal.removeEventListener("abort", listener);
  };
  const invocation = { onCancel, ask } as Partial<Invocation> as Invocation;
  const host = {
    deadlines: new Deadlines(),
    limits: { callMs: 1000, detachedMs: 1000, inlineBytes: 1000 },
    contextFor: (asked: Invocation) => ({ ask: asked.ask }) as Partial<Context> as Context
  } as Partial<Host> as Host;
  const running = runBounded(askFirst, {}, invocation, host, () => {});
  await expect(running).rejects.toMatchObject({ name: "Cancelled", outcome: "cancelled" });
});
