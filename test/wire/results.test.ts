import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createPrincipal, startServer, type TestServer } from "../support/server.ts";
import { RawSession, type ToolAnswer } from "../support/session.ts";
import { describeWires, openSession, type WireSession } from "../support/wires.ts";

// What is too large for a message. 3 MiB are six parts; `npm run verify -- results` does the same with 60 MiB and looks at memory.

const MIB = 1024 * 1024;

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ configPath: "test/fixtures/wrangler.toml" });
});
afterAll(() => server?.close());

interface Made extends Record<string, unknown> {
  readonly result: string;
  readonly bytes: number;
  readonly lines: number;
  readonly sha256: string;
}

interface Page {
  readonly record: { readonly state: string; readonly bytes: number; readonly lines: number };
  readonly lines: readonly { readonly line: number; readonly text: string; readonly isCut?: true }[];
  readonly nextLine?: number;
}

const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");
const download = (result: string, headers: Record<string, string> = {}, method = "GET") =>
  fetch(`${server.url}/results/${result}`, { method, headers });
const textOf = ({ content }: ToolAnswer): string => content[0]?.text ?? "";

describeWires("a result that does not fit a message", (wire) => {
  let session: WireSession;
  beforeEach(async () => {
    session = await openSession(wire, `${server.url}/mcp`);
  });
  afterEach(() => session.close());

  const read = async (args: object): Promise<Page> => (await session.call("read_result", args)).structuredContent as unknown as Page;

  it("is read in pages that are the whole together, and downloaded as it was written", async () => {
    const answer = await session.call("make_rows", { mebibytes: 3 });
    const { result, bytes, lines, sha256: digest } = answer.structuredContent as Made;
    expect(answer.content[1]).toEqual({ type: "resource_link", uri: `result://${result}`, name: result });
    expect(answer._meta).toMatchObject({ "dormouse/result": result });
    expect(bytes).toBeGreaterThan(2.9 * MIB);

    const hash = createHash("sha256");
    for (let fromLine: number | undefined = 1; fromLine !== undefined; ) {
      const page: Page = await read({ result, fromLine, lines: 1000 });
      for (const { text } of page.lines) hash.update(`${text}\n`);
      fromLine = page.nextLine;
    }
    expect(hash.digest("hex")).toBe(digest);

    const whole = await download(result);
    expect([whole.status, whole.headers.get("content-length")]).toEqual([200, String(bytes)]);
    expect(sha256(await whole.bytes())).toBe(digest);
    const last = await read({ result, tail: true, lines: 2 });
    expect(last.lines.map(({ line }) => line)).toEqual([lines - 1, lines]);
    const found = await read({ result, where: { field: "/n", equals: lines - 1 }, fields: ["n", "/at/hour"] });
    expect(found.lines).toEqual([{ line: lines, text: JSON.stringify({ n: lines - 1, "/at/hour": (lines - 1) % 24 }) }]);
    expect((await read({ result, contains: `ROW ${lines - 1} ` })).lines).toHaveLength(1);
    await session.call("delete_result", { result });
  });

  it("is not lost where its tool did not see to it, and the call names it", async () => {
    const answer = await session.call("read_large", { kibibytes: 300 });
    const result = String(answer._meta?.["dormouse/result"]);
    expect(answer.isError).toBe(true);
    expect(textOf(answer)).toMatch(
      /^The answer takes 301 KiB, more than a message holds\. It is kept whole as res_\w+: read_result reads it\./
    );
    expect(answer.content[1]).toEqual({ type: "resource_link", uri: `result://${result}`, name: result });
    const kept = (await (await download(result)).json()) as { words: string[] };
    expect(kept.words).toHaveLength(300);
    const [call] = ((await session.call("list_calls", { tool: "read_large", limit: 1 })).structuredContent?.calls ?? []) as {
      call: string;
    }[];
    expect((await session.call("get_call", { call: call?.call })).structuredContent).toMatchObject({ outcome: "error", result });
    const { result: body } = await session.request("resources/read", { uri: `result://${result}` });
    const [content] = (body?.contents ?? []) as { text: string }[];
    expect(JSON.parse(content?.text ?? "")).toMatchObject({ result, tool: "read_large", goOn: expect.stringContaining("fromLine") });
  });

  it("of a write says that the write went through, and a repetition with its key is answered byte for byte the same", async () => {
    const args = { kibibytes: 100, idempotency_key: `large ${wire.name}` };
    const first = await session.call("write_large", args);
    expect(textOf(first)).toMatch(/^write_large went through\. The answer takes 101 KiB/);
    const { _meta, ...again } = await session.call("write_large", args);
    const { _meta: firstMeta, ...once } = first;
    expect(JSON.stringify(again)).toBe(JSON.stringify(once));
    expect(_meta).toEqual({ ...firstMeta, "dormouse/replayed": true });
    const { calls } = (await session.call("list_calls", { tool: "write_large", limit: 2 })).structuredContent as {
      calls: { outcome: string }[];
    };
    expect(calls.map(({ outcome }) => outcome)).toEqual(["ok", "ok"]);
  });
});

it("is told to clients that know no links in words alone", async () => {
  const [old, current] = await Promise.all(
    ["2025-03-26", "2025-06-18"].map((revision) => RawSession.begin(`${server.url}/mcp`, { revision }))
  );
  const kindsFor = async (session: RawSession | undefined) =>
    (await session?.call("read_large", { kibibytes: 100 }))?.content.map(({ type }) => type);
  expect([await kindsFor(old), await kindsFor(current)]).toEqual([["text"], ["text", "resource_link"]]);
});

describe("a download", () => {
  let made: Made;
  let whole: Uint8Array;

  beforeAll(async () => {
    const session = await RawSession.begin(`${server.url}/mcp`);
    made = (await session.call("make_rows", { mebibytes: 2 })).structuredContent as Made;
    whole = await (await download(made.result)).bytes();
  });

  it("says what it is, and lets no browser take it for a page", async () => {
    const { headers } = await download(made.result);
    expect(Object.fromEntries(headers)).toMatchObject({
      "accept-ranges": "bytes",
      "cache-control": "no-store",
      "content-disposition": `attachment; filename="${made.result}.ndjson"`,
      "content-security-policy": expect.stringContaining("sandbox"),
      "content-type": "application/x-ndjson; charset=utf-8",
      "x-content-type-options": "nosniff",
      etag: `"${made.result}-${made.bytes}"`
    });
  });

  it.each([
    ["bytes=0-0", 0, 1],
    ["bytes=524287-524288", 524287, 524289],
    ["bytes=524288-", 524288, undefined],
    ["bytes=-5", -5, undefined],
    ["bytes=1000-99999999", 1000, undefined]
  ])("answers %s with that range", async (range, start, end) => {
    const response = await download(made.result, { range });
    const expected = whole.slice(start, end);
    const first = start < 0 ? made.bytes + start : start;
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(`bytes ${first}-${first + expected.length - 1}/${made.bytes}`);
    expect(sha256(await response.bytes())).toBe(sha256(expected));
  });

  it.each(["bytes=0-1,5-6", "bytes=5-1", "lines=1-2", "bytes=-"])("answers %s with the whole", async (range) => {
    const response = await download(made.result, { range });
    expect([response.status, (await response.bytes()).length]).toEqual([200, made.bytes]);
  });

  it("refuses a range that is not there", async () => {
    for (const range of [`bytes=${made.bytes}-`, "bytes=-0"]) {
      const response = await download(made.result, { range });
      expect([response.status, response.headers.get("content-range")]).toEqual([416, `bytes */${made.bytes}`]);
    }
  });

  it("goes on only where the result is the same, and is not sent again to who has it", async () => {
    const etag = (await download(made.result, {}, "HEAD")).headers.get("etag") ?? "";
    expect((await download(made.result, { range: "bytes=0-9", "if-range": etag })).status).toBe(206);
    expect((await download(made.result, { range: "bytes=0-9", "if-range": '"other"' })).status).toBe(200);
    expect((await download(made.result, { "if-none-match": `"other", W/${etag}` })).status).toBe(304);
    expect((await download(made.result, { "if-none-match": '"other"' })).status).toBe(200);
  });

  it("can be asked about without its body", async () => {
    const response = await download(made.result, {}, "HEAD");
    expect([response.status, response.headers.get("content-length"), (await response.bytes()).length]).toEqual([
      200,
      String(made.bytes),
      0
    ]);
  });

  it("is read by pages of the origins that may call the server", async () => {
    const response = await download(made.result, { origin: "http://localhost:5173" });
    expect(response.headers.get("access-control-allow-origin")).toBe("http://localhost:5173");
    expect(response.headers.get("access-control-expose-headers")).toContain("Content-Range");
  });

  it("is refused by other methods, and to other principals as if it were not there", async () => {
    expect((await download(made.result, {}, "POST")).status).toBe(405);
    const stranger = await createPrincipal(server);
    const answers = [download(made.result, stranger), download(`${made.result.slice(0, -1)}!`), download("res_00000000_1_0000")];
    const bodies = await Promise.all(answers.map(async (answer) => `${(await answer).status} ${await (await answer).text()}`));
    expect(new Set(bodies).size).toBe(1);
    expect(bodies[0]).toMatch(/^404 .*list_results/);
    expect((await download(made.result, { authorization: "Bearer dm_wrong" })).status).toBe(401);
  });
});
