import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createStubGroup, type StubGroup } from "../../scripts/upstreams/log-events.ts";
import { type LogsStub, type LogsStubOptions, startLogsStub } from "../../scripts/upstreams/logs-stub.ts";
import { createAws } from "../../src/clients/aws.ts";
import { createCloudWatchLogs } from "../../src/clients/cloudwatch-logs.ts";
import { createNameList } from "../../src/lib/name-list.ts";
import type { LogEvent, LogQuery, Logs } from "../../src/mcp/logs.ts";

// The client by itself over the stub, without the Worker.

const START_MS = Date.UTC(2026, 7, 1);
const HOUR_MS = 3_600_000;

const groupOf = (name: string, events = 3000): StubGroup =>
  createStubGroup({ name, events, startMs: START_MS, endMs: START_MS + HOUR_MS, message: (_, __, index) => `INFO event ${index}` });

let stub: LogsStub;
const begin = async (options: Partial<LogsStubOptions> = {}): Promise<void> => {
  stub = await startLogsStub({ groups: [groupOf("/shop/web"), groupOf("/shop/api"), groupOf("/private")], ...options });
};
beforeEach(() => {
  aborted = new AbortController();
});
afterEach(() => stub.close());

let aborted: AbortController;

const logsOf = (entries: readonly string[] = ["/shop/*"]): Logs => {
  const { signal } = aborted;
  const urls = { logs: stub.url, dynamodb: stub.url };
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret", sessionToken: undefined };
  const aws = createAws({ region: "eu-west-1", credentials, urls, timeoutMs: 5000, signal });
  return createCloudWatchLogs({ aws, logGroups: createNameList(entries), signal });
};

const query = (differs: Partial<LogQuery> = {}): LogQuery => ({
  ...{ logGroup: "/shop/web", startMs: START_MS, endMs: START_MS + HOUR_MS, patienceMs: 0 },
  ...differs
});

const readAll = async (asked: LogQuery, logs = logsOf()): Promise<LogEvent[]> => {
  const events: LogEvent[] = [];
  for await (const page of logs.filter(asked)) events.push(...page);
  return events;
};

const expected = (group = groupOf("/shop/web")): LogEvent[] =>
  Array.from({ length: group.events }, (_, index) => {
    const { timestamp, stream, message } = group.eventAt(index);
    return { timestampMs: timestamp, stream, message };
  });

const requests = () => stub.seen.get("Logs_20140328.FilterLogEvents");

describe("events", () => {
  it("come page by page, each once, in the order of their times", async () => {
    await begin();
    expect(await readAll(query({ pageSize: 700 }))).toEqual(expected());
    expect(requests()).toBe(5);
  });

  it("come after pages that are empty", async () => {
    await begin({ scanned: 100 });
    expect(await readAll(query({ pattern: '"event 2999"' }))).toEqual(expected().slice(-1));
    expect(requests()).toBe(30);
  });

  it.each([2, 3, 5])("come each once when every %d-th token has expired", async (expireEach) => {
    await begin({ expireEach });
    expect(await readAll(query({ pageSize: 250 }))).toEqual(expected());
  });

  it("come each once when many are of one millisecond and tokens expire", async () => {
    const group = createStubGroup({
      ...{ name: "/shop/web", events: 2000, startMs: START_MS, endMs: START_MS + 20 },
      message: (_, __, index) => `${index}`
    });
    await begin({ groups: [group], expireEach: 4 });
    expect(await readAll(query({ pageSize: 150 }))).toEqual(expected(group));
  });

  it("of one millisecond fail where no token of theirs ever holds", async () => {
    const group = createStubGroup({ name: "/shop/web", events: 2000, startMs: START_MS, endMs: START_MS });
    await begin({ groups: [group], expireEach: 1 });
    await expect(readAll(query({ pageSize: 150 }))).rejects.toMatchObject({ name: "UpstreamFailed" });
  });

  it("fail where a page leads to itself, and are not asked for for ever", async () => {
    await begin({ onlyToken: "0/0" });
    const asking = readAll(query({ pattern: '"event 2999"' }));
    await expect(asking).rejects.toMatchObject({ name: "UpstreamFailed", message: expect.stringContaining("does not go on") });
    expect(requests()).toBe(2);
  });

  it("are those of the time, its ends included", async () => {
    await begin();
    const [first, second, third] = expected().slice(10, 13);
    const asked = query({ startMs: first?.timestampMs ?? 0, endMs: third?.timestampMs ?? 0 });
    expect(await readAll(asked)).toEqual([first, second, third]);
  });

  it("hold visible text only", async () => {
    const group = createStubGroup({ name: "/shop/web", events: 1, startMs: START_MS, endMs: START_MS, message: () => "a\u202eb\u{e0041}" });
    await begin({ groups: [group] });
    expect(await readAll(query())).toMatchObject([{ message: "ab" }]);
  });
});

describe("a throttled service", () => {
  it("is waited for", async () => {
    await begin();
    stub.throttle(4);
    expect(await readAll(query({ patienceMs: 5000 }))).toHaveLength(3000);
  });

  it("is UpstreamLimited when patience ends", async () => {
    await begin();
    stub.throttle(1000);
    await expect(readAll(query())).rejects.toMatchObject({ name: "UpstreamLimited" });
    expect(requests()).toBeLessThan(10);
  });

  it("is not waited for any longer than the call lasts", async () => {
    await begin();
    stub.throttle(1000);
    setTimeout(() => aborted.abort(new Error("cancelled")), 300);
    await expect(readAll(query({ patienceMs: 60_000 }))).rejects.toThrow("cancelled");
  });
});

describe("a group", () => {
  it("that is not on the list is answered as one that does not exist, and never asked for", async () => {
    await begin();
    const messageOf = (logGroup: string) =>
      readAll(query({ logGroup })).then(
        () => "",
        (error: Error) => `${error.name} ${error.message.replaceAll(logGroup, "it")}`
      );
    const [foreign, missing] = [await messageOf("/private"), await messageOf("/shop/none")];
    expect(foreign).toMatch(/^NotFound .*list_log_groups/);
    expect(foreign).toBe(missing);
    expect(requests()).toBe(1);
  });

  it.each(["arn:aws:logs:eu-west-1:999999999999:log-group:/shop/web", "/shop/web:*", "/shop/ web"])(
    "by the name %j is none, and is never asked for",
    async (logGroup) => {
      await begin();
      const asking = readAll(query({ logGroup, pattern: "ERROR" }), logsOf(["*"]));
      await expect(asking).rejects.toMatchObject({ name: "NotFound", message: expect.stringContaining("does not exist") });
      expect(requests()).toBeUndefined();
    }
  );

  it("is listed where the list has it", async () => {
    await begin();
    const names = async (entries: readonly string[], prefix = "", limit = 50) => {
      const { groups, hasMore } = await logsOf(entries).listGroups(prefix, limit);
      return [...groups.map(({ name }) => name), ...(hasMore ? ["…"] : [])];
    };
    expect(await names(["/shop/*"])).toEqual(["/shop/api", "/shop/web"]);
    expect(await names(["/shop/*"], "", 1)).toEqual(["/shop/api", "…"]);
    expect(await names(["/shop/*"], "/shop/w")).toEqual(["/shop/web"]);
    expect(await names(["/shop/*"], "/private")).toEqual([]);
    expect(await names(["/shop/web", "/shop/none", "/shop/w"])).toEqual(["/shop/web"]);
    expect(await names(["*"])).toEqual(["/private", "/shop/api", "/shop/web"]);
    expect(await names([])).toEqual([]);
  });

  it("is listed among hundreds", async () => {
    const groups = Array.from({ length: 230 }, (_, n) => groupOf(`/many/${String(n).padStart(3, "0")}`, 1));
    await begin({ groups });
    expect((await logsOf(["*"]).listGroups("", 200)).groups).toHaveLength(200);
    expect(await logsOf(["/many/1*"]).listGroups("", 200)).toMatchObject({ hasMore: false, groups: { length: 100 } });
  });
});

it.each([
  ["ERROR @", "at character 7."],
  ["{ $.level = ", 'end, character 11, must be "}"'],
  ["{ $.level ~ 3 }", "at character 3."]
])("says in its own words where the pattern %j is wrong", async (pattern, words) => {
  await begin();
  const error = await readAll(query({ pattern })).catch((error: unknown) => error);
  expect(error).toMatchObject({ name: "InvalidInput", message: expect.stringContaining(words.replace(/\.$/, "")) });
});

it.each([
  ["ERROR", 3],
  ["ERROR -timeout", 2],
  ["?timeout ?declined", 2],
  ['"payment declined"', 1],
  ['{ $.level = "error" }', 2],
  ['{ $.level = "error" && $.took > 100 }', 1],
  ['{ $.level = "warn" || $.took < 100 }', 2],
  ['{ $.level = "e*" }', 2],
  ["{ $.took NOT EXISTS }", 1],
  ["", 7]
])("the stub finds by the pattern %j as the documentation says", async (pattern, count) => {
  const messages = [
    ...["ERROR timeout", "ERROR payment declined", "an ERROR", "all is well"],
    ...['{"level":"error","took":150}', '{"level":"error","took":50}', '{"level":"warn"}']
  ];
  const group = createStubGroup({
    ...{ name: "/shop/web", events: messages.length, startMs: START_MS, endMs: START_MS + HOUR_MS },
    message: (_, __, index) => messages[index] ?? ""
  });
  await begin({ groups: [group] });
  expect(await readAll(query({ pattern }))).toHaveLength(count);
});
