import { z } from "zod";
import type { NameList } from "../lib/name-list.ts";
import { sleep } from "../lib/sleep.ts";
import { toVisible } from "../lib/visible-text.ts";
import { InvalidInput, NotFound, UpstreamFailed, UpstreamLimited } from "../mcp/errors.ts";
import type { LogEvent, LogGroup, LogQuery, Logs } from "../mcp/logs.ts";
import type { Aws } from "./aws.ts";
import { explainRefusedPattern } from "./refused-pattern.ts";

/** The settings of {@link createCloudWatchLogs}. */
export interface CloudWatchLogsOptions {
  readonly aws: Aws;
  /** The groups that may be read. */
  readonly logGroups: NameList;
  /** The call's own signal. */
  readonly signal: AbortSignal;
}

/**
 * CloudWatch Logs, of the groups that the server was given. Answers hold visible text only.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/
 */
export function createCloudWatchLogs(options: CloudWatchLogsOptions): Logs {
  return {
    listGroups: (prefix, limit) => listGroups(prefix, limit, options),
    filter: (query) => filter(query, options)
  };
}

const groupsAnswer = z.object({
  logGroups: z
    .array(
      z.object({
        logGroupName: z.string(),
        creationTime: z.number().optional(),
        retentionInDays: z.number().optional(),
        storedBytes: z.number().optional()
      })
    )
    .optional(),
  nextToken: z.string().optional()
});

/** Asks by each entry of the list, so that an account of thousands of groups is not read through. */
async function listGroups(
  prefix: string,
  limit: number,
  { aws, logGroups }: CloudWatchLogsOptions
): Promise<{ groups: readonly LogGroup[]; hasMore: boolean }> {
  const found = new Map<string, LogGroup>();
  for (const entry of logGroups.entries) {
    const begins = entry.endsWith("*") ? entry.slice(0, -1) : entry;
    if (!begins.startsWith(prefix) && !(entry.endsWith("*") && prefix.startsWith(begins))) continue;
    const asked = begins.startsWith(prefix) ? begins : prefix;
    let nextToken: string | undefined;
    for (let groups = 0; groups <= limit; ) {
      const page = await readGroups(aws, asked, nextToken);
      for (const group of page.groups) if (logGroups.includes(group.name)) found.set(group.name, group);
      groups += page.groups.length;
      nextToken = page.nextToken;
      // The first name that begins with a whole name is that name.
      if (nextToken === undefined || !entry.endsWith("*")) break;
    }
  }
  const groups = [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  return { groups: groups.slice(0, limit), hasMore: groups.length > limit };
}

async function readGroups(aws: Aws, prefix: string, nextToken: string | undefined) {
  const answer = await aws.read({
    action: "Logs_20140328.DescribeLogGroups",
    // An empty prefix is not a prefix to the service.
    input: { ...(prefix !== "" && { logGroupNamePrefix: prefix }), ...(nextToken !== undefined && { nextToken }) },
    answer: groupsAnswer,
    subject: "The list of log groups",
    notFound: "There are no log groups."
  });
  const groups = (answer.logGroups ?? []).map(
    ({ logGroupName, creationTime, retentionInDays, storedBytes }): LogGroup => ({
      ...{ name: toVisible(logGroupName), createdMs: creationTime, retentionDays: retentionInDays, sizeBytes: storedBytes }
    })
  );
  return { groups, nextToken: answer.nextToken };
}

const eventsAnswer = z.object({
  events: z
    .array(z.object({ logStreamName: z.string(), timestamp: z.number(), message: z.string(), eventId: z.string().optional() }))
    .optional(),
  nextToken: z.string().optional()
});

type Page = z.output<typeof eventsAnswer>;

interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Events come in the order of their times. So where a token is refused, as after 24 hours, what is left begins at the last event; it is
 * read in halves, whose tokens need to live less long.
 */
async function* filter(query: LogQuery, { aws, logGroups, signal }: CloudWatchLogsOptions): AsyncGenerator<readonly LogEvent[]> {
  const notFound = `Log group ${query.logGroup} does not exist, or this server was not given it to read. Use list_log_groups to see which there are.`;
  if (!GROUP_NAME.test(query.logGroup) || !logGroups.includes(query.logGroup)) throw new NotFound(notFound);
  const windows: Window[] = [{ startMs: query.startMs, endMs: query.endMs }];
  const last = new LastEvents();
  for (let window = windows.pop(); window; window = windows.pop()) {
    let nextToken: string | undefined;
    do {
      signal.throwIfAborted();
      let page: Page;
      try {
        page = await readPatiently(aws, query, window, nextToken, notFound, signal);
      } catch (error) {
        // The first page was accepted with all else.
        if (nextToken === undefined || !(error instanceof InvalidInput)) throw error;
        windows.push(...halve(window, last.timestampMs, error));
        break;
      }
      if (page.nextToken !== undefined && page.nextToken === nextToken)
        throw new UpstreamFailed("CloudWatch Logs does not go on from one page of events to the next. Try again in a minute.");
      yield (page.events ?? []).filter((event) => last.isNew(event)).map(toEvent);
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
  }
}

/**
 * A name and not an ARN, which could lead to another account.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html#API_FilterLogEvents_RequestSyntax
 */
const GROUP_NAME = /^[\w.\-/#]{1,512}$/;

/** The last first, as on a stack. */
function halve({ startMs, endMs }: Window, lastMs: number | undefined, cause: Error): Window[] {
  const fromMs = Math.max(startMs, lastMs ?? startMs);
  if (startMs === endMs)
    throw new UpstreamFailed("CloudWatch Logs lost track of the events of one millisecond. Try again in a minute.", { cause });
  const middleMs = Math.floor((fromMs + endMs) / 2);
  const later = { startMs: middleMs + 1, endMs };
  return [...(later.startMs <= endMs ? [later] : []), { startMs: fromMs, endMs: middleMs }];
}

type RawEvent = NonNullable<Page["events"]>[number];

/** The events of the last millisecond: what begins there again brings them again. */
class LastEvents {
  timestampMs: number | undefined;
  readonly #ids = new Set<string>();

  isNew({ timestamp, eventId }: RawEvent): boolean {
    if (this.timestampMs === undefined || timestamp > this.timestampMs) {
      this.timestampMs = timestamp;
      this.#ids.clear();
    }
    if (timestamp < this.timestampMs || eventId === undefined) return true;
    return this.#ids.size < this.#ids.add(eventId).size;
  }
}

const toEvent = ({ timestamp, logStreamName, message }: RawEvent): LogEvent => ({
  timestampMs: timestamp,
  stream: toVisible(logStreamName),
  message: toVisible(message)
});

const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 8000;

/** Few requests a second are allowed to a whole account, and others make them, too: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html */
async function readPatiently(
  aws: Aws,
  query: LogQuery,
  window: Window,
  nextToken: string | undefined,
  notFound: string,
  signal: AbortSignal
): Promise<Page> {
  const startedMs = Date.now();
  for (let attempt = 0; ; attempt++) {
    try {
      return await readEvents(aws, query, window, nextToken, notFound);
    } catch (error) {
      const delayMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt) * (0.5 + Math.random());
      if (!(error instanceof UpstreamLimited) || Date.now() - startedMs + delayMs > query.patienceMs) throw error;
      await sleep(delayMs, signal);
    }
  }
}

function readEvents(aws: Aws, query: LogQuery, window: Window, nextToken: string | undefined, notFound: string): Promise<Page> {
  const { logGroup, pattern, pageSize } = query;
  return aws.read({
    action: "Logs_20140328.FilterLogEvents",
    input: {
      ...{ logGroupName: logGroup, startTime: window.startMs, endTime: window.endMs },
      ...(pattern !== undefined && { filterPattern: pattern }),
      ...(pageSize !== undefined && { limit: pageSize }),
      ...(nextToken !== undefined && { nextToken })
    },
    answer: eventsAnswer,
    subject: `Log group ${logGroup}`,
    notFound,
    explain: (message) => (pattern === undefined ? undefined : explainRefusedPattern(pattern, message))
  });
}
