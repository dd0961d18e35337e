import { z } from "zod";
import { sleep } from "../../src/lib/sleep.ts";
import { content, text } from "../../src/mcp/content.ts";
import { defineTool } from "../../src/mcp/define-tool.ts";
import { FIXTURE } from "./fixture.ts";

/** The pause that the referee asks for between two messages. */
const PAUSE_MS = 50;

export const logging = defineTool({
  ...FIXTURE,
  name: "test_tool_with_logging",
  title: "Logging",
  description: "Writes three lines to the client's log before it answers.",
  input: z.object({}),
  async run(_, ctx) {
    await ctx.log("info", "Tool execution started");
    await sleep(PAUSE_MS, ctx.signal);
    await ctx.log("info", "Tool processing data");
    await sleep(PAUSE_MS, ctx.signal);
    await ctx.log("info", "Tool execution completed");
    return content(text("Wrote three lines to the log."));
  }
});

export const progress = defineTool({
  ...FIXTURE,
  name: "test_tool_with_progress",
  title: "Progress",
  description: "Reports its progress three times before it answers.",
  input: z.object({}),
  async run(_, ctx) {
    await ctx.progress(0, 100);
    await sleep(PAUSE_MS, ctx.signal);
    await ctx.progress(50, 100);
    await sleep(PAUSE_MS, ctx.signal);
    await ctx.progress(100, 100);
    return content(text("Reported progress three times."));
  }
});

/** SEP-1699: https://github.com/modelcontextprotocol/modelcontextprotocol/issues/1699 */
export const reconnection = defineTool({
  ...FIXTURE,
  name: "test_reconnection",
  title: "Reconnection",
  description: "Closes the stream of its response and answers when the client may have come back.",
  input: z.object({}),
  async run(_, ctx) {
    ctx.closeStream();
    await sleep(2 * PAUSE_MS, ctx.signal);
    return content(text("Whoever reads this has come back for it."));
  }
});

/** SEP-2575: nothing of its log goes to a client that named no level. */
export const quietLogging = defineTool({
  ...FIXTURE,
  name: "test_logging_tool",
  title: "Unheard log",
  description: "Writes to the client's log.",
  input: z.object({}),
  async run(_, ctx) {
    await ctx.log("info", "Nobody asked for this line");
    await ctx.log("emergency", "Nor for this one");
    return content(text("Wrote two lines to the log."));
  }
});

/** SEP-2575: for those who listen. */
export const toolChange = defineTool({
  ...FIXTURE,
  name: "test_trigger_tool_change",
  title: "Change of the tools",
  description: "Tells whoever listens that the list of tools has changed.",
  input: z.object({}),
  async run(_, ctx) {
    ctx.announce({ list: "tools" });
    return content(text("Said that the tools changed."));
  }
});

/** SEP-2575: for those who listen. */
export const promptChange = defineTool({
  ...FIXTURE,
  name: "test_trigger_prompt_change",
  title: "Change of the prompts",
  description: "Tells whoever listens that the list of prompts has changed.",
  input: z.object({}),
  async run(_, ctx) {
    ctx.announce({ list: "prompts" });
    return content(text("Said that the prompts changed."));
  }
});
