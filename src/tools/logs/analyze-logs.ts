import { z } from "zod";
import { LOG_EVENT_LEVELS } from "../../lib/log-level.ts";
import { cut } from "../../lib/text.ts";
import type { Context } from "../../mcp/context.ts";
import { defineTool, detachable, readOnly } from "../../mcp/define-tool.ts";
import { UpstreamFailed, UpstreamLimited } from "../../mcp/errors.ts";
import { LogAnalysis } from "../../mcp/log-analysis.ts";
import type { LogEvent, LogQuery } from "../../mcp/logs.ts";
import { writtenByOthers } from "../../mcp/written-by-others.ts";
import { KeptLines } from "./kept-lines.ts";
import { logArguments, readWindow, toIso } from "./log-window.ts";
import { SameTime } from "./same-time.ts";

const MAX_EVENTS = 5_000_000;
/** A page of the service at most. */
const MAX_PAGE = 10_000;

const PATIENCE_MS = 60_000;
/** Less than a call that detaches may take, by one more page and all patience with it: an answer in time keeps what was counted. */
const READING_MS = 13 * 60_000;
const PROGRESS_MS = 500;

const output = detachable({
  matched: z.int().describe("How many events were read and counted"),
  isComplete: z.boolean().describe("Whether these are all that match"),
  continueFrom: z
    .string()
    .optional()
    .describe(
      "Analyze on with this as startTime, if these are not all: no event is lost, and none is counted twice but of a millisecond that has more than 10,000"
    ),
  stoppedBy: z.string().optional().describe("What kept it from reading the rest"),
  firstSeen: z.string().optional(),
  lastSeen: z.string().optional(),
  levels: z.array(z.object({ level: z.enum(LOG_EVENT_LEVELS), count: z.int() })).describe("The most severe first"),
  bucketSeconds: z.int().describe("How long each span of times is: a minute, or longer where there are many"),
  times: z.array(z.object({ start: z.string(), count: z.int() })).describe("The spans that hold events"),
  repeated: z
    .array(
      z.object({
        message: writtenByOthers(z.string().describe("With what differs folded: <time>, <*> for numbers and ids, quoted values")),
        count: z.int(),
        overBy: z.int().optional().describe("By how much the count may be too high")
      })
    )
    .describe("The most repeated messages"),
  isExact: z.boolean().describe("Whether the counts of repeated are exact: false where too many messages differ"),
  stored: z.int().describe("How many events stand in the result"),
  result: z.string().optional().describe("Handle of the stored result: one JSON object a line with timestamp, stream, level and message"),
  storeFrom: z.string().optional().describe("The result is full: to store the rest, analyze again with this as startTime"),
  notKept: z.string().optional().describe("Why no events were stored, and what to do about it")
});

export const analyzeLogs = defineTool({
  name: "analyze_logs",
  title: "Analyze logs",
  description:
    "Counts the log events of one CloudWatch log group, however many, by level, by time and by message, and keeps them as a stored result. Use list_log_groups for its name; search_logs where a few events are enough.",
  toolset: "logs",
  scopes: ["aws:read"],
  annotations: readOnly,
  detaches: true,
  input: z.strictObject({
    ...logArguments,
    limit: z.int().min(1).max(MAX_EVENTS).default(100_000).describe("How many events to read at most, the earliest first")
  }),
  output,
  async run({ startTime, endTime, limit, ...asked }, ctx) {
    const window = readWindow(startTime, endTime, Date.now());
    const analysis = new LogAnalysis();
    const title = `Events of ${cut(asked.logGroup, 100)} from ${toIso(window.startMs)}`;
    const lines = new KeptLines(ctx.results, { tool: "analyze_logs", title, type: "application/x-ndjson" });
    const query = { ...asked, ...window, pageSize: Math.min(limit + 1, MAX_PAGE), patienceMs: PATIENCE_MS };
    let reading: Reading;
    try {
      reading = await readEvents(query, limit, { ctx, analysis, lines });
    } catch (error) {
      await lines.abandon().catch(() => {}); // what ended it is what to tell
      throw error;
    }
    const { nextMs, stoppedBy } = reading;
    const kept = await lines.end(nextMs === undefined ? "complete" : "cut");
    const { events, levels, bucketMs, buckets, repeated, isExact, firstMs, lastMs } = analysis.summary();
    return {
      status: "done" as const,
      matched: events,
      isComplete: nextMs === undefined,
      ...(nextMs !== undefined && { continueFrom: toIso(nextMs) }),
      ...(stoppedBy !== undefined && { stoppedBy }),
      ...(firstMs !== undefined && { firstSeen: toIso(firstMs) }),
      ...(lastMs !== undefined && { lastSeen: toIso(lastMs) }),
      levels: [...levels],
      bucketSeconds: bucketMs / 1000,
      times: buckets.map(({ startMs, count }) => ({ start: toIso(startMs), count })),
      repeated: repeated.map(({ key, count, overBy }) => ({ message: key, count, ...(overBy > 0 && { overBy }) })),
      isExact,
      stored: kept.stored,
      ...(kept.result !== undefined && { result: kept.result }),
      ...(kept.nextMs !== undefined && { storeFrom: toIso(kept.nextMs) }),
      ...(kept.notKept !== undefined && { notKept: kept.notKept })
    };
  },
  render(found) {
    if (found.status === "running") return `Running as ${found.call}. ${found.next}`;
    const { matched, isComplete, continueFrom, stoppedBy, firstSeen, lastSeen, levels, repeated, stored, result, storeFrom, notKept } =
      found;
    const kept = result === undefined ? "None were stored." : `${stored} of them are stored as ${result}.`;
    return [
      `${matched} log events${isComplete ? "" : `, and more from ${continueFrom}`}. ${kept}`,
      ...(stoppedBy === undefined ? [] : [`It went no further: ${stoppedBy}`]),
      ...(firstSeen === undefined ? [] : [`The first is of ${firstSeen}, the last of ${lastSeen}.`]),
      ...(levels.length > 0 ? [levels.map(({ level, count }) => `${level} ${count}`).join(", ")] : []),
      ...(found.times.length > 0 ? [toTimesLine(found)] : []),
      ...repeated.map(toRepeatedLine),
      ...(found.isExact ? [] : ["Too many messages differ for these counts to be exact."]),
      ...(storeFrom === undefined ? [] : [`The result is full: events from ${storeFrom} are counted and not stored.`]),
      ...(notKept === undefined ? [] : [notKept])
    ].join("\n");
  }
});

type Done = Extract<z.output<typeof output>, { status: "done" }>;

const toTimesLine = ({ bucketSeconds, times }: Done): string =>
  `In spans of ${bucketSeconds} s: ${times.map(({ start, count }) => `${start} ${count}`).join(", ")}`;

const toRepeatedLine = ({ message, count, overBy }: Done["repeated"][number]): string =>
  `${count}${overBy === undefined ? "" : ` (too many by ${overBy} at most)`} × ${JSON.stringify(message)}`;

interface Reading {
  /** Of the first event that was not read; absent at the end. */
  readonly nextMs?: number;
  readonly stoppedBy?: string;
}

interface Reader {
  readonly ctx: Context;
  readonly analysis: LogAnalysis;
  readonly lines: KeptLines;
}

/** The events of a millisecond are counted all or not at all: where it stops between two, it is told from which to go on. */
async function readEvents(query: LogQuery, limit: number, { ctx, analysis, lines }: Reader): Promise<Reading> {
  const startedMs = Date.now();
  const open = new SameTime();
  let read = 0;
  let lastMs = query.startMs;
  let toldMs = 0;
  const count = async (events: readonly LogEvent[]) => {
    if (events.length === 0) return;
    await lines.add(events.map((event) => ({ event, level: analysis.add(event) })));
    lastMs = events[0]?.timestampMs ?? lastMs;
    read += events.length;
  };
  try {
    for await (const page of ctx.logs.filter(query)) {
      for (const event of page) {
        await count(open.add(event));
        if (read + open.size <= limit) continue;
        const nextMs = event.timestampMs;
        if (read > 0) return { nextMs };
        await count(open.take().slice(0, limit));
        return {
          nextMs,
          stoppedBy: `More than ${limit} events are of one millisecond. Analyze with a higher limit, which counts these again.`
        };
      }
      ctx.signal.throwIfAborted();
      if (Date.now() - startedMs > READING_MS) return { nextMs: open.timestampMs ?? lastMs, stoppedBy: TOO_LONG };
      if (page.length === 0 || Date.now() - toldMs < PROGRESS_MS) continue;
      toldMs = Date.now();
      await ctx.progress(read, undefined, `${read} events, up to ${toIso(lastMs)}`);
    }
    await count(open.take());
    return {};
  } catch (error) {
    // What was counted is not lost when the service has had enough.
    if (read === 0 || !(error instanceof UpstreamLimited || error instanceof UpstreamFailed)) throw error;
    return { nextMs: open.timestampMs ?? lastMs, stoppedBy: error.message };
  }
}

const TOO_LONG = `There was more to read than ${READING_MS / 60_000} minutes allow. Go on from there, or ask for a shorter time.`;
