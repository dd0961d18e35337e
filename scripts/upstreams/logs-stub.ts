import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { BadPattern, readFilterPattern } from "./filter-pattern.ts";
import { type LocalServer, startLocalServer } from "./local-server.ts";
import { indexAt, type StubEvent, type StubGroup } from "./log-events.ts";

/** A running stub of CloudWatch Logs. */
export interface LogsStub extends LocalServer {
  /** How many requests were seen, by action. */
  readonly seen: ReadonlyMap<string, number>;
  /** Refuses as many of the next requests as AWS does when it is asked too often. */
  throttle(requests: number): void;
  /** Refuses the tokens that it has given so far: tokens live 24 hours. */
  expireTokens(): void;
}

/** The settings of {@link startLogsStub}. */
export interface LogsStubOptions {
  readonly groups: readonly StubGroup[];
  readonly port?: number;
  /** How many events one request looks at: less than it may return, so that pages may be empty. */
  readonly scanned?: number;
  /** Every so many requests find that the token they bring has expired; none if absent. */
  readonly expireEach?: number;
  /** Every page has this token, so that there is no end. */
  readonly onlyToken?: string;
  /** Is told of each page before it leaves: the index of the event that the next would begin with. */
  onPage?(nextIndex: number): void | Promise<void>;
}

/**
 * Starts a stub of two actions of CloudWatch Logs, FilterLogEvents and DescribeLogGroups, written after its public reference. It checks
 * no signature, and of filter patterns it knows what `filter-pattern.ts` says.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
 */
export async function startLogsStub(options: LogsStubOptions): Promise<LogsStub> {
  const seen = new Map<string, number>();
  const state: State = { options, epoch: 0, throttled: 0, withToken: 0 };
  const server = await startLocalServer(async (request, response) => {
    const action = actionOf(request);
    seen.set(action, (seen.get(action) ?? 0) + 1);
    await answer(action, await text(request), response, state);
  }, options.port);
  return {
    ...server,
    seen,
    throttle(requests) {
      state.throttled = requests;
    },
    expireTokens() {
      state.epoch++;
    }
  };
}

interface State {
  readonly options: LogsStubOptions;
  /** Tokens of another epoch have expired. */
  epoch: number;
  throttled: number;
  withToken: number;
}

/** A refusal: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/CommonErrors.html */
class Refused extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

const actionOf = ({ headers }: IncomingMessage): string => String(headers["x-amz-target"] ?? "");

const ACTIONS: Readonly<Record<string, (input: Input, state: State) => object | Promise<object>>> = {
  "Logs_20140328.DescribeLogGroups": describeLogGroups,
  "Logs_20140328.FilterLogEvents": filterLogEvents
};

async function answer(action: string, body: string, response: ServerResponse, state: State): Promise<void> {
  const send = (status: number, json: object) =>
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(json));
  try {
    if (state.throttled > 0) {
      state.throttled--;
      throw new Refused("ThrottlingException", "Rate exceeded");
    }
    const act = ACTIONS[action];
    if (!act) throw new Refused("UnknownOperationException", "");
    send(200, await act(JSON.parse(body) as Input, state));
  } catch (cause) {
    if (cause instanceof BadPattern) send(400, { __type: "InvalidParameterException", message: cause.message });
    else if (cause instanceof Refused) send(400, { __type: cause.type, message: cause.message });
    else throw cause;
  }
}

interface Input {
  readonly logGroupName?: string;
  readonly logGroupIdentifier?: string;
  readonly logGroupNamePrefix?: string;
  readonly startTime?: number;
  readonly endTime?: number;
  readonly filterPattern?: string;
  readonly limit?: number;
  readonly nextToken?: string;
}

const MAX_GROUPS = 50;

function describeLogGroups({ logGroupNamePrefix = "", limit = MAX_GROUPS, nextToken = "0" }: Input, { options }: State): object {
  if (limit < 1 || limit > MAX_GROUPS) throw invalid(`Value '${limit}' at 'limit' failed to satisfy constraint`);
  const groups = options.groups
    .filter(({ name }) => name.startsWith(logGroupNamePrefix))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  const from = Number(nextToken);
  const shown = groups.slice(from, from + limit).map(({ name, startMs, events }) => ({
    ...{ logGroupName: name, creationTime: startMs, retentionInDays: 30, storedBytes: events * MEAN_BYTES, metricFilterCount: 0 },
    arn: `arn:aws:logs:eu-west-1:123456789012:log-group:${name}:*`
  }));
  return { logGroups: shown, ...(from + limit < groups.length && { nextToken: String(from + limit) }) };
}

const MEAN_BYTES = 120;
const MAX_EVENTS = 10_000;
const MAX_PAGE_BYTES = 1024 * 1024;
/** What an event takes on a page beside its message. */
const EVENT_BYTES = 200;

async function filterLogEvents(input: Input, state: State): Promise<object> {
  const { options } = state;
  const { startTime = 0, endTime = Number.MAX_SAFE_INTEGER, filterPattern = "", limit = MAX_EVENTS, nextToken } = input;
  const name = input.logGroupName ?? input.logGroupIdentifier?.replace(/^arn:.*:log-group:/, "");
  const group = options.groups.find((candidate) => candidate.name === name);
  // What AWS says of an argument that is not shaped as it wants.
  if (!/^[\w.\-/#]{1,512}$/.test(name ?? "")) throw invalid("Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+");
  if (!group) throw new Refused("ResourceNotFoundException", "The specified log group does not exist.");
  if (limit < 1 || limit > MAX_EVENTS) throw invalid(`Value '${limit}' at 'limit' failed to satisfy constraint`);
  if (startTime < 0 || endTime < startTime) throw invalid("startTime must be before endTime");
  const matches = readFilterPattern(filterPattern);
  const end = indexAt(group, endTime + 1);
  let index = nextToken === undefined ? indexAt(group, startTime) : readToken(nextToken, state);
  const stop = Math.min(end, index + (options.scanned ?? Number.MAX_SAFE_INTEGER));
  const events: object[] = [];
  for (let sizeBytes = 0; index < stop && events.length < limit && sizeBytes < MAX_PAGE_BYTES; index++) {
    const event = group.eventAt(index);
    if (!matches(event.message)) continue;
    sizeBytes += EVENT_BYTES + event.message.length;
    events.push(toFiltered(event, index));
  }
  await options.onPage?.(index);
  if (options.onlyToken !== undefined) return { events, searchedLogStreams: [], nextToken: options.onlyToken };
  return { events, searchedLogStreams: [], ...(index < end && { nextToken: `${state.epoch}/${index}` }) };
}

function readToken(token: string, state: State): number {
  const [epoch, index] = token.split("/");
  state.withToken++;
  const isLate = state.options.expireEach !== undefined && state.withToken % state.options.expireEach === 0;
  if (Number(epoch) !== state.epoch || isLate) throw new Refused("InvalidTokenException", "The specified nextToken is invalid.");
  return Number(index);
}

const toFiltered = ({ timestamp, stream, message }: StubEvent, index: number): object => ({
  ...{ logStreamName: stream, timestamp, message, ingestionTime: timestamp + 500 },
  eventId: String(index).padStart(56, "0")
});

const invalid = (message: string): Refused => new Refused("InvalidParameterException", message);
