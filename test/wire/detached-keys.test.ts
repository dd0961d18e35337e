import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type BuiltWorker, LOCAL_BINDINGS, startBuiltWorker } from "../support/built-worker.ts";
import { type GitHubStub, startGitHubStub } from "../support/github-stub.ts";
import { RawSession, type ToolAnswer } from "../support/session.ts";
import { RawStateless } from "../support/stateless.ts";
import { describeWires, openSession } from "../support/wires.ts";

// Calls of the fixture detach after half a second. A repetition waits for the end of the first for eight.

let stateDir: string;
let stub: GitHubStub;
let server: BuiltWorker;
let url: string;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "dormouse-detached-keys-"));
  stub = await startGitHubStub();
  server = await startBuiltWorker({
    ...{ configPath: "test/fixtures/wrangler.toml", main: "test/fixtures/detaching-worker.ts", stateDir },
    bindings: { ...LOCAL_BINDINGS, LOCAL_SCOPES: "all", RATE_LIMIT: "off", GITHUB_API_URL: stub.url }
  });
  url = `${server.url}/mcp`;
});
afterAll(async () => {
  await Promise.all([server?.stop(), stub?.close()]);
  rmSync(stateDir, { recursive: true, force: true });
});
beforeEach(() => stub.reset());

const structured = ({ structuredContent, content }: ToolAnswer): Record<string, unknown> => {
  if (!structuredContent) throw new Error(JSON.stringify(content));
  return structuredContent;
};

/** Makes the same call with the same key in another session, and in each era. */
const repetitions = (args: object) => [
  RawSession.begin(url).then((session) => session.call("write_late", args)),
  new RawStateless(url).call("write_late", args)
];

const isReplayed = ({ _meta }: ToolAnswer) => _meta?.["dormouse/replayed"] === true;

describeWires("a write with a key that goes on without its client", (wire) => {
  it("is sent once, and its repetitions are answered with the whole: while it runs, and when it has ended", async () => {
    const client = await openSession(wire, url);
    const args = { title: "late", afterMs: 2000, idempotency_key: `late over ${wire.name}` };
    expect(structured(await client.call("write_late", args))).toMatchObject({ status: "running" });
    for (const answer of await Promise.all(repetitions(args))) {
      expect(structured(answer)).toMatchObject({ status: "done", number: expect.any(Number) });
      expect(isReplayed(answer)).toBe(true);
    }
    for (const answer of await Promise.all(repetitions(args))) expect(structured(answer)).toMatchObject({ status: "done" });
    expect(stub.writes).toHaveLength(1);
    await client.close();
  });

  it("and answers with more than a message holds says to each repetition where that stands", async () => {
    const client = await openSession(wire, url);
    const args = { title: "much", afterMs: 1000, kibibytes: 3000, idempotency_key: `much over ${wire.name}` };
    const { call } = structured(await client.call("write_late", args));
    const { result } = structured(await new RawStateless(url).call("get_call", { call, waitSeconds: 8 }));
    expect(result).toMatch(/^res_/);
    for (const answer of await Promise.all(repetitions(args))) {
      expect(answer.isError).toBe(true);
      expect(answer.content[0]?.text).toMatch(/^write_late went through\. The answer takes \d+ KiB, more than a message holds\./);
      expect(answer.content[0]?.text).toContain(`It is kept whole as ${result}: read_result reads it.`);
      expect(answer._meta).toMatchObject({ "dormouse/replayed": true, "dormouse/result": result });
    }
    expect(stub.writes).toHaveLength(1);
    await client.close();
  });
});

describe("a repetition of a long write", () => {
  it("that has waited for long enough is told how to find the first", async () => {
    const args = { title: "longer", afterMs: 13_000, idempotency_key: "longer" };
    const session = await RawSession.begin(url);
    const { call } = structured(await session.call("write_late", args));
    for (const { isError, content } of await Promise.all(repetitions(args))) {
      expect(isError).toBe(true);
      expect(content[0]?.text).toContain(
        "The first write_late with this key is still running. Call again with the same key for its outcome."
      );
      expect(content[0]?.text).toContain("list_calls with the outcome running finds it, and get_call waits for its end.");
    }
    expect(structured(await session.call("get_call", { call, waitSeconds: 8 }))).toMatchObject({ outcome: "ok" });
    expect(stub.writes).toHaveLength(1);
  });

  it("is made where the first was told to stop before it wrote", async () => {
    const session = await RawSession.begin(url);
    const args = { title: "stopped", afterMs: 10_000, idempotency_key: "stopped" };
    const { call } = structured(await session.call("write_late", args));
    expect(structured(await session.call("cancel_call", { call }))).toMatchObject({ outcome: "cancelled" });
    const again = structured(await session.call("write_late", args));
    expect(again).toMatchObject({ status: "running" });
    await session.call("cancel_call", { call: again.call });
    expect(stub.writes).toHaveLength(0);
  });
});

it("makes the server report no failure", () => {
  expect(server.output()).not.toContain('"level":"error"');
});
