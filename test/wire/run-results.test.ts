import { afterAll, beforeAll, expect, it } from "vitest";
import { startServer, type TestServer } from "../support/server.ts";
import { RawSession, type ToolAnswer } from "../support/session.ts";
import { RawStateless } from "../support/stateless.ts";

// What a step of a run stores, and what of its answers does not fit.

let server: TestServer;
let session: RawSession;

beforeAll(async () => {
  server = await startServer({ configPath: "test/fixtures/wrangler.toml" });
  session = await RawSession.begin(`${server.url}/mcp`);
});
afterAll(() => server?.close());

type Run = Record<string, unknown> & {
  state: string;
  error?: string;
  output?: Record<string, unknown>;
  steps: { state: string; error?: string }[];
};

const structured = ({ structuredContent, content }: ToolAnswer): Record<string, unknown> => {
  if (!structuredContent) throw new Error(JSON.stringify(content));
  return structuredContent;
};

const step = (id: string, tool: string, args: object) => ({ id, kind: "tool", tool, arguments: args });

/** Runs steps until they have ended. */
async function runOf(name: string, steps: object[], output?: object): Promise<Run> {
  const { run } = structured(await session.call("start_workflow", { definition: { name, steps, ...(output && { output }) } }));
  const read = async () => structured(await session.call("get_run", { run })) as Run;
  await expect.poll(async () => (await read()).state, { timeout: 10_000 }).not.toBe("running");
  return read();
}

it("a step stores a result that the next step reads, and that its principal has from either era", async () => {
  const { state, output } = await runOf(
    "stores",
    [
      step("make", "make_rows", { mebibytes: 1 }),
      step("read", "read_result", { result: { $ref: "/steps/make/output/result" }, where: { field: "n", equals: 7 }, fields: ["n"] })
    ],
    {
      result: { $ref: "/steps/make/output/result" },
      lines: { $ref: "/steps/read/output/lines" },
      bytes: { $ref: "/steps/make/output/bytes" }
    }
  );
  expect(state).toBe("completed");
  expect(output).toMatchObject({ lines: [{ line: 8, text: '{"n":7}' }] });
  const { result, bytes } = output as { result: string; bytes: number };
  const page = structured(await new RawStateless(`${server.url}/mcp`).call("read_result", { result, tail: true, lines: 1 }));
  expect(page).toMatchObject({ record: { tool: "make_rows", state: "complete", bytes } });
  const download = await fetch(`${server.url}/results/${result}`);
  expect([download.status, (await download.bytes()).length]).toEqual([200, bytes]);
});

it("an answer of a step that does not fit is kept whole, and the run says where", async () => {
  const failed = await runOf("reads", [step("read", "read_large", { kibibytes: 100 })]);
  expect(failed).toMatchObject({
    state: "failed",
    error: expect.stringMatching(/kept whole as res_\w+: read_result reads it\. \(ref call_\w+\)$/)
  });
  const [read] = /res_\w+/.exec(failed.error ?? "") ?? [];
  expect(structured(await session.call("read_result", { result: read, lines: 1 }))).toMatchObject({ record: { state: "complete" } });

  const written = await runOf("writes", [step("write", "write_large", { kibibytes: 100 })]);
  expect(written).toMatchObject({
    state: "completed",
    output: expect.stringMatching(/^write_large went through\..* kept whole as res_\w+: read_result reads it\. \(ref call_\w+\)$/)
  });
});
