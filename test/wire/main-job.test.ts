import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type GitHubUpstream, startGitHub } from "../../scripts/upstreams/github.ts";
import { startWeather, type WeatherUpstream } from "../../scripts/upstreams/weather.ts";
import { readSessionId } from "../../src/mcp/signed/session-id.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { describeWires, openSession, type WireSession } from "../support/wires.ts";

let github: GitHubUpstream;
let weather: WeatherUpstream;
let server: TestServer;

beforeAll(async () => {
  [github, weather] = await Promise.all([startGitHub(), startWeather()]);
  const { geocodingUrl, forecastUrl } = weather;
  server = await startServer({
    settings: {
      GITHUB_API_URL: github.url,
      GITHUB_TOKEN: github.token,
      WEATHER_GEOCODING_URL: geocodingUrl,
      WEATHER_FORECAST_URL: forecastUrl
    }
  });
});

afterAll(async () => {
  await Promise.all([server?.close(), github?.close(), weather?.close()]);
});

const connect = async (sessionId?: string, path = "/mcp") => {
  const transport = new StreamableHTTPClientTransport(new URL(`${server.url}${path}`), { ...(sessionId && { sessionId }) });
  const client = new Client({ name: "an official client", version: "1" });
  await client.connect(transport);
  return { client, sessionId: transport.sessionId ?? "" };
};

/** The structured result of a call that must have succeeded. */
const structured = (result: Awaited<ReturnType<Client["callTool"]>>): Record<string, unknown> => {
  const { structuredContent, content } = result as CallToolResult;
  if (!structuredContent) throw new Error(JSON.stringify(content));
  return structuredContent;
};

it("searches, runs long, disconnects, is evicted, and has every call in its history", async () => {
  const { client, sessionId } = await connect();
  const found = structured(
    await client.callTool({ name: "search_repositories", arguments: { query: "language:TypeScript", sort: "stars", limit: 3 } })
  );
  expect(found).toMatchObject({
    isComplete: true,
    repositories: expect.arrayContaining([expect.objectContaining({ language: "TypeScript" })])
  });

  const progress: number[] = [];
  const long = await client.callTool({ name: "long_operation", arguments: { steps: 5, delayMs: 20 } }, undefined, {
    onprogress: ({ progress: done }) => progress.push(done)
  });
  expect(structured(long)).toMatchObject({ status: "done", steps: 5 });
  expect(progress).toEqual([1, 2, 3, 4, 5]);
  await client.close();

  await server.worker.evictDurableObject("SessionAgent", { name: `session:${readSessionId(sessionId).name}` });

  const { client: again } = await connect(sessionId);
  const { calls } = structured(await again.callTool({ name: "list_calls", arguments: { session: "this" } })) as {
    calls: { tool: string; outcome: string; call: string }[];
  };
  expect(calls.map(({ tool, outcome }) => [tool, outcome])).toEqual([
    ["long_operation", "ok"],
    ["search_repositories", "ok"]
  ]);
  const first = structured(await again.callTool({ name: "get_call", arguments: { call: calls[1]?.call } }));
  expect(first).toMatchObject({ tool: "search_repositories", outcome: "ok", client: "an official client/1" });
  await again.close();
});

describeWires("a client", (wire) => {
  let client: WireSession;
  beforeAll(async () => {
    client = await openSession(wire, `${server.url}/mcp`);
  });
  afterAll(() => client?.close());

  it("reads the resources, the template and the prompt", async () => {
    const { structuredContent } = await client.call("search_repositories", { query: "language:Go" });
    const [repository] = (structuredContent?.repositories ?? []) as { fullName: string }[];
    expect(structuredContent?.writtenByOthers).toContain("/repositories/*/description");
    const read = async (uri: string) => {
      const { result } = await client.request("resources/read", { uri });
      const [content] = (result?.contents ?? []) as { text: string }[];
      return JSON.parse(content?.text ?? "") as Record<string, unknown>;
    };
    expect(await read(`repository://${repository?.fullName}`)).toMatchObject({ name: repository?.fullName, language: "Go" });
    expect((await read("calls://recent")).calls).toContainEqual(expect.objectContaining({ tool: "search_repositories" }));
    const { result } = await client.request("prompts/get", { name: "explore_repository", arguments: { owner: "octo", repo: "cat" } });
    expect(result).toMatchObject({ messages: [{ content: { type: "text", text: expect.stringContaining("octo/cat") } }] });
  });

  it("is told the weather in both units", async () => {
    const { structuredContent: metric } = await client.call("get_weather", { location: "Madrid" });
    const { structuredContent: imperial } = await client.call("get_weather", { location: "Madrid", units: "imperial" });
    expect(metric).toMatchObject({ location: expect.stringContaining("Madrid"), units: { temperature: "°C" }, days: expect.any(Array) });
    expect(imperial).toMatchObject({ units: { temperature: "°F" } });
    expect(Number(imperial?.temperature)).toBeCloseTo(Number(metric?.temperature) * 1.8 + 32, 0);
  });
});

it("serves the same tools on /mcp and /mcp/x/all, and a toolset by itself", async () => {
  const names = async (path: string) => {
    const { client } = await connect(undefined, path);
    const { tools } = await client.listTools();
    await client.close();
    return tools.map(({ name }) => name);
  };
  expect(await names("/mcp/x/all")).toEqual(await names("/mcp"));
  expect(await names("/mcp/x/history/readonly")).toEqual([
    ...["list_calls", "get_call", "summarize_activity", "export_calls", "list_sessions", "get_usage"]
  ]);
});
