import { z } from "zod";
import { defineTool, readOnlyHere } from "../../mcp/define-tool.ts";
import type { Tally } from "../../mcp/history.ts";
import { callFilter, toFilter } from "./call-filter.ts";

const DEFAULT_DAYS = 7;
const DAY_MS = 24 * 60 * 60 * 1000;

const tally = z.object({
  name: z.string().describe("The tool, or the day in UTC"),
  calls: z.int(),
  failures: z.int().describe("Calls that are settled and not ok"),
  averageMs: z.int().optional().describe("Average duration, milliseconds"),
  longestMs: z.int().optional().describe("Longest duration, milliseconds")
});

export const summarizeActivity = defineTool({
  name: "summarize_activity",
  title: "Summarize what was done",
  description:
    "Counts the calls of a time, their failures and durations, by tool and by day: what was done, without reading each call. Use list_calls for the calls themselves.",
  toolset: "history",
  scopes: ["mcp:use"],
  annotations: readOnlyHere,
  input: z.strictObject({ ...callFilter, since: callFilter.since.describe("From this time on, ISO 8601; the last 7 days if absent") }),
  output: z.object({
    since: z.string().describe("ISO 8601"),
    total: tally,
    byTool: z.array(tally).describe("The most called first, 50 at most"),
    byDay: z.array(tally).describe("The newest first, 50 at most"),
    byOutcome: z.record(z.string(), z.int())
  }),
  async run(query, ctx) {
    const since = query.since ?? new Date(Date.now() - DEFAULT_DAYS * DAY_MS).toISOString();
    const { total, byTool, byDay, byOutcome } = await ctx.history.summarize(toFilter({ ...query, since }));
    return { since, total, byTool: [...byTool], byDay: [...byDay], byOutcome };
  },
  render({ since, total, byTool, byDay, byOutcome }) {
    if (total.calls === 0) return `Nothing was called since ${since}.`;
    const outcomes = Object.entries(byOutcome).map(([outcome, calls]) => `${outcome} ${calls}`);
    return [
      `${toLine(total)} since ${since}`,
      outcomes.join(", "),
      ...[...byTool, ...byDay].map((tallied) => `${tallied.name}: ${toLine(tallied)}`)
    ].join("\n");
  }
});

function toLine({ calls, failures, averageMs, longestMs }: Tally | z.output<typeof tally>): string {
  const times = averageMs === undefined ? "" : `, ${averageMs} ms on average, ${longestMs} ms at most`;
  return `${calls} calls, ${failures} failed${times}`;
}
