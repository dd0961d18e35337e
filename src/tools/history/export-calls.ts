import { z } from "zod";
import { utf8Bytes } from "../../lib/text.ts";
import { defineTool, readOnlyHere } from "../../mcp/define-tool.ts";
import type { RecordedCall } from "../../mcp/history.ts";
import { writtenByOthers } from "../../mcp/written-by-others.ts";
import { callFilter, toFilter } from "./call-filter.ts";

/** What a page holds, bytes as JSON: the rest of the answer must fit the message too. */
const PAGE_BYTES = 48 * 1024;
const MAX_CALLS = 200;

export const exportCalls = defineTool({
  name: "export_calls",
  title: "Export earlier calls",
  description:
    "Writes calls of the history as NDJSON, one JSON object a line, newest first, with all that is kept of each. Go on with nextCursor until it is absent. Use list_calls to look around.",
  toolset: "history",
  scopes: ["mcp:use"],
  annotations: readOnlyHere,
  input: z.strictObject({ ...callFilter, cursor: z.string().max(24).optional().describe("nextCursor of the page before") }),
  output: z.object({
    ndjson: writtenByOthers(z.string().describe("One call a line; empty where none matches")),
    calls: z.int().describe("How many lines"),
    nextCursor: z.string().optional().describe("Pass it as cursor for the calls before these; absent on the last page")
  }),
  async run({ cursor, ...filter }, ctx) {
    const query = { ...toFilter(filter), cursor };
    for (let limit = MAX_CALLS; ; ) {
      const { calls, nextCursor } = await ctx.history.list({ ...query, limit });
      const lines = toFittingLines(calls);
      if (lines.length === calls.length) return { ndjson: lines.join(""), calls: lines.length, nextCursor };
      // A cursor stands behind the last call of a page, so a page that does not fit is asked for again, shorter. Its calls go with
      // its cursor: others may have come or gone meanwhile.
      limit = lines.length;
    }
  },
  render: ({ ndjson, calls, nextCursor }) =>
    `${calls} calls.${nextCursor === undefined ? "" : ` More with cursor ${nextCursor}.`}\n${ndjson}`
});

/** As many of the first calls as a page holds, one at the least. */
function toFittingLines(calls: readonly RecordedCall[]): string[] {
  const lines: string[] = [];
  let sizeBytes = 0;
  for (const call of calls) {
    const line = `${JSON.stringify(toLine(call))}\n`;
    sizeBytes += utf8Bytes(JSON.stringify(line));
    if (sizeBytes > PAGE_BYTES && lines.length > 0) break;
    lines.push(line);
  }
  return lines;
}

function toLine({ startedMs, ...call }: RecordedCall): object {
  return { ...call, startedAt: new Date(startedMs).toISOString() };
}
