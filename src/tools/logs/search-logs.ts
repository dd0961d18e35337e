import { z } from "zod";
import { readLogLine } from "../../lib/log-level.ts";
import { cut, showName, utf8Bytes } from "../../lib/text.ts";
import { defineTool, readOnly } from "../../mcp/define-tool.ts";
import type { LogEvent } from "../../mcp/logs.ts";
import { writtenByOthers } from "../../mcp/written-by-others.ts";
import { logArguments, readWindow, toIso } from "./log-window.ts";

const MAX_MESSAGE_LENGTH = 400;

/** How much the events may take as JSON, so that they fit a message. */
const MAX_EVENTS_BYTES = 48 * 1024;

/** Long enough for many pages without a match, and it leaves time to answer. */
const SEARCH_MS = 5000;
const PATIENCE_MS = 3000;

export const searchLogs = defineTool({
  name: "search_logs",
  title: "Search logs",
  description:
    "Shows a few log events of one CloudWatch log group, the earliest first. Use list_log_groups for its name, and analyze_logs to count many events or to keep them all.",
  toolset: "logs",
  scopes: ["aws:read"],
  annotations: readOnly,
  input: z.strictObject({
    ...logArguments,
    limit: z.int().min(1).max(100).default(20).describe("How many events to return; fewer are where they would not fit a message")
  }),
  output: z.object({
    events: z.array(
      z.object({
        timestamp: z.string(),
        level: z.string().describe("As the message has it: fatal, error, warn, info, debug, trace or none"),
        stream: writtenByOthers(z.string()),
        message: writtenByOthers(z.string().describe(`Its first ${MAX_MESSAGE_LENGTH} characters`))
      })
    ),
    isComplete: z.boolean().describe("Whether these are all that match"),
    continueFrom: z
      .string()
      .optional()
      .describe("Search on with this as startTime, if these are not all; events of that very millisecond may come twice")
  }),
  async run({ startTime, endTime, limit, ...asked }, ctx) {
    const startedMs = Date.now();
    const window = readWindow(startTime, endTime, startedMs);
    // One more than is shown tells whether there are more, and where.
    const pages = ctx.logs.filter({ ...asked, ...window, pageSize: limit + 1, patienceMs: PATIENCE_MS });
    const found: LogEvent[] = [];
    let isCut = false;
    for await (const page of pages) {
      found.push(...page);
      isCut = found.length <= limit && Date.now() - startedMs > SEARCH_MS;
      if (isCut || found.length > limit) break;
    }
    const events = toFitting(found.slice(0, limit));
    const next = found[events.length] ?? (isCut ? found.at(-1) : undefined);
    return { events, isComplete: next === undefined && !isCut, ...(next && { continueFrom: toIso(next.timestampMs) }) };
  },
  render({ events, isComplete, continueFrom }) {
    const lines = events.map(
      ({ timestamp, level, stream, message }) => `${timestamp} ${level} ${showName(stream)}: ${JSON.stringify(message)}`
    );
    const from = continueFrom === undefined ? "" : ` from ${continueFrom}`;
    const found = `${events.length} log events${isComplete ? "" : `, and there may be more${from}`}`;
    const more = isComplete || continueFrom ? [] : ["The search took too long. Ask for a shorter time, or use analyze_logs."];
    return [events.length === 0 ? `${found}.` : `${found}:`, ...lines, ...more].join("\n");
  }
});

/** As many of the first events as fit, one at least. */
function toFitting(found: readonly LogEvent[]) {
  const shown = found.map(({ timestampMs, stream, message }) => ({
    ...{ timestamp: toIso(timestampMs), level: readLogLine(message).level, stream, message: cut(message, MAX_MESSAGE_LENGTH) }
  }));
  let sizeBytes = 0;
  const end = shown.findIndex((event, index) => {
    sizeBytes += utf8Bytes(JSON.stringify(event));
    return index > 0 && sizeBytes > MAX_EVENTS_BYTES;
  });
  return end === -1 ? shown : shown.slice(0, end);
}
