import { afterAll, beforeAll, expect, it } from "vitest";
import { type DynamoDbUpstream, startDynamoDb } from "../../scripts/upstreams/dynamodb.ts";
import { type GitHubUpstream, startGitHub } from "../../scripts/upstreams/github.ts";
import { type LogsUpstream, startLogs } from "../../scripts/upstreams/logs.ts";
import { startWeather, type WeatherUpstream } from "../../scripts/upstreams/weather.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { RawSession, type ToolAnswer } from "../support/session.ts";

// A client shows its model the text of an answer or its data, not both: whatever stands in the data must stand in the text, but what
// the table leaves out on purpose. docs/decisions/0009-each-half-of-an-answer-suffices.md

let upstreams: [GitHubUpstream, WeatherUpstream, DynamoDbUpstream, LogsUpstream];
let server: TestServer;
let client: RawSession;

beforeAll(async () => {
  upstreams = await Promise.all([startGitHub(), startWeather(), startDynamoDb(), startLogs()]);
  const [github, weather, dynamodb, logs] = upstreams;
  server = await startServer({
    settings: {
      ...{ GITHUB_API_URL: github.url, GITHUB_TOKEN: github.token, LOCAL_SCOPES: "all" },
      ...{ WEATHER_GEOCODING_URL: weather.geocodingUrl, WEATHER_FORECAST_URL: weather.forecastUrl },
      ...dynamodb.settings,
      ...logs.settings
    }
  });
  client = await RawSession.begin(`${server.url}/mcp`);
});
afterAll(async () => {
  await Promise.all([server?.close(), ...(upstreams ?? []).map((upstream) => upstream.close())]);
});

/** One call of each tool, in an order in which each finds what the one before made. */
interface Trial {
  readonly tool: string;
  readonly args?: object | ((before: ReadonlyMap<string, Data>) => object);
  /** What its text leaves out, by path, and why that is no loss. */
  readonly leftOut?: Readonly<Record<string, string>>;
}

type Data = Record<string, unknown>;

const definition = { name: "asks", steps: [{ id: "ask", kind: "approval", message: "Go on?" }] };
const logs = { logGroup: "/shop/web", startTime: 0 };

const DONE = { "/status": "it is done, or the text says that it goes on" };

const TRIALS: readonly Trial[] = [
  {
    tool: "search_repositories",
    args: { query: "queue" },
    leftOut: Object.fromEntries(
      ["createdAt", "defaultBranch", "licence", "updatedAt", "url"].map((name) => [`/repositories/*/${name}`, "get_repository tells it"])
    )
  },
  { tool: "get_repository", args: { owner: "hazel-works", repo: "burrow" } },
  { tool: "get_weather", args: { location: "Paris" } },
  { tool: "long_operation", args: { steps: 1, delayMs: 0 }, leftOut: DONE },
  { tool: "list_tables" },
  { tool: "describe_table", args: { tableName: "orders" } },
  {
    tool: "query_table",
    args: {
      tableName: "orders",
      index: "byStatus",
      keyCondition: "#s = :s",
      names: { "#s": "status" },
      values: { ":s": "shipped" },
      limit: 2
    }
  },
  { tool: "get_item", args: { tableName: "orders", key: { customerId: "c-103", placedAt: "2026-06-03T09:00:00.000Z" } } },
  { tool: "list_log_groups" },
  { tool: "search_logs", args: { ...logs, limit: 3 } },
  { tool: "analyze_logs", args: { ...logs, limit: 50 }, leftOut: DONE },
  { tool: "list_results" },
  {
    tool: "read_result",
    args: (before) => ({ result: before.get("analyze_logs")?.result, lines: 2 }),
    leftOut: Object.fromEntries(
      ["bytes", "createdAt", "expiresAt", "state", "title", "tool", "type"].map((name) => [`/record/${name}`, "list_results tells it"])
    )
  },
  { tool: "define_workflow", args: { definition } },
  { tool: "list_workflows" },
  { tool: "start_workflow", args: { definition } },
  { tool: "list_runs" },
  { tool: "signal_run", args: (before) => ({ run: before.get("start_workflow")?.run, approved: true }) },
  {
    tool: "get_run",
    args: (before) => ({ run: before.get("start_workflow")?.run, waitSeconds: 8 }),
    leftOut: { "/outputBytes": "the output stands there whole" }
  },
  { tool: "list_calls", args: { limit: 5 }, leftOut: { "/calls/*/session": "get_call tells it" } },
  {
    tool: "get_call",
    args: (before) => ({ call: (before.get("list_calls") as { calls: { call: string }[] }).calls[1]?.call }),
    leftOut: { "/era": "with or without a session" }
  },
  { tool: "summarize_activity" },
  { tool: "export_calls", args: { tool: "get_weather" } },
  { tool: "list_sessions" },
  { tool: "get_usage" }
];

/** What answers with no more than what became of what was asked for. */
const EXEMPT: ReadonlySet<string> = new Set([
  "cancel_call",
  "delete_calls",
  "end_session",
  "cancel_run",
  "retry_run",
  "delete_run",
  "delete_result"
]);

it("says in the text all that stands in the data, but what is left out on purpose", async () => {
  const before = new Map<string, Data>();
  const missing: string[] = [];
  for (const { tool, args = {}, leftOut = {} } of TRIALS) {
    const answer = await client.call(tool, typeof args === "function" ? args(before) : args);
    if (!answer.structuredContent) throw new Error(`${tool}: ${answer.content[0]?.text}`);
    before.set(tool, answer.structuredContent as Data);
    missing.push(
      ...missingFrom(answer)
        .filter((path) => !(path in leftOut))
        .map((path) => `${tool} ${path}`)
    );
  }
  expect(missing).toEqual([]);
});

it("tries every tool", async () => {
  const { result } = (await client.request("tools/list"))[0] as { result: { tools: { name: string }[] } };
  const known = new Set([...TRIALS.map(({ tool }) => tool), ...EXEMPT]);
  expect(result.tools.map(({ name }) => name).filter((name) => !known.has(name))).toEqual([]);
});

/** The paths of the values in the data that do not stand in the text; the place in a list is a star. */
function missingFrom({ content, structuredContent = {} }: ToolAnswer): string[] {
  const text = content.map((block) => block.text ?? "").join("\n");
  const { writtenByOthers: _, ...data } = structuredContent as Data;
  const missing = leavesOf(data).filter(([, value]) => !text.includes(value) && !text.includes(JSON.stringify(value).slice(1, -1)));
  return [...new Set(missing.map(([path]) => path))].sort();
}

/** Yes and no are said in other words. */
function leavesOf(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string" || typeof value === "number") return [[path, String(value)]];
  if (Array.isArray(value)) return value.flatMap((item) => leavesOf(item, `${path}/*`));
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([name, item]) => leavesOf(item, `${path}/${name}`));
  return [];
}
