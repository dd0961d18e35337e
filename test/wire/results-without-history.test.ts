import { afterAll, beforeAll, expect, it } from "vitest";
import { startServer, type TestServer } from "../support/server.ts";
import { RawSession } from "../support/session.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ configPath: "test/fixtures/wrangler.toml", settings: { HISTORY: "off" } });
});
afterAll(() => server?.close());

it("an answer too large for a message reaches whoever asked for it also where no calls are kept, and is theirs to delete", async () => {
  const session = await RawSession.begin(`${server.url}/mcp`);
  for (const tool of ["read_large", "write_large"]) {
    const { _meta } = await session.call(tool, { kibibytes: 100 });
    const result = String(_meta?.["dormouse/result"]);
    const page = await session.call("read_result", { result, tail: true, lines: 1 });
    expect(page.structuredContent).toMatchObject({ record: { tool, state: "complete" } });
    await session.call("delete_result", { result });
  }
  expect((await session.call("list_results", {})).structuredContent).toEqual({ results: [] });
  expect((await session.call("list_calls", {})).structuredContent).toMatchObject({ calls: [] });
});
