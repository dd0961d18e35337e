import { z } from "zod";
import { cutToJsonBytes } from "../../lib/text.ts";
import { defineTool, readOnlyHere } from "../../mcp/define-tool.ts";
import { OUTCOMES } from "../../mcp/errors.ts";
import { recordedCall, toRecordedCall } from "./recorded-call.ts";

/** What a page shows of arguments and answers, bytes: a hundred calls must fit one message, and a few may show more of each. */
const PAGE_BYTES = 24 * 1024;
const MAX_SHOWN_BYTES = 400;

const time = (name: string) =>
  z
    .string()
    .refine((text) => !Number.isNaN(Date.parse(text)), "is not a date and time in ISO 8601, as in 2026-01-31T09:00:00Z")
    .optional()
    .describe(`Only calls that started ${name} this time, ISO 8601`);

export const listCalls = defineTool({
  name: "list_calls",
  title: "List earlier calls",
  description: "Lists the tool calls made so far, newest first: what was asked, when, and how it ended. Use get_call for one in full.",
  toolset: "history",
  scopes: ["mcp:use"],
  annotations: readOnlyHere,
  input: z.strictObject({
    text: z.string().min(1).max(200).optional().describe("Only calls with this text in their name, arguments or answer"),
    tool: z.string().max(64).optional().describe("Only calls of this tool"),
    outcome: z.enum(OUTCOMES).optional().describe("Only calls that ended so"),
    since: time("at or after"),
    until: time("before"),
    limit: z.int().min(1).max(100).default(20).describe("How many calls to return"),
    cursor: z.string().max(20).optional().describe("nextCursor of the page before")
  }),
  output: z.object({
    calls: z.array(recordedCall),
    nextCursor: z.string().optional().describe("Pass it as cursor for the calls before these; absent on the last page")
  }),
  async run({ since, until, ...query }, ctx) {
    const page = ctx.history.list({ ...query, sinceMs: toMs(since), untilMs: toMs(until) });
    const shownBytes = Math.min(MAX_SHOWN_BYTES, PAGE_BYTES / (2 * page.calls.length));
    const calls = page.calls.map(toRecordedCall).map((call) => ({
      ...call,
      arguments: call.arguments && cutToJsonBytes(call.arguments, shownBytes),
      preview: call.preview && cutToJsonBytes(call.preview, shownBytes)
    }));
    return { calls, nextCursor: page.nextCursor };
  },
  render({ calls, nextCursor }) {
    if (calls.length === 0) return "No calls match.";
    const lines = calls.map(({ call, tool, outcome, startedAt }) => `${startedAt} ${tool} ${outcome} (${call})`);
    return [...lines, ...(nextCursor === undefined ? [] : [`More with cursor ${nextCursor}.`])].join("\n");
  }
});

const toMs = (time: string | undefined): number | undefined => (time === undefined ? undefined : Date.parse(time));
