import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BuiltWorker, LOCAL_BINDINGS, startBuiltWorker } from "../support/built-worker.ts";
import { postBreakable } from "../support/reset.ts";
import { MCP_HEADERS, RawSession, readMessages, type ToolAnswer } from "../support/session.ts";
import { RawSocket } from "../support/socket.ts";
import { envelope, RawStateless, toHeaders } from "../support/stateless.ts";
import { describeWires, openSession, type WireSession } from "../support/wires.ts";

// Calls of the fixture detach after half a second, are shipped often, and an object runs three of them at a time.

const WORKER = { configPath: "test/fixtures/wrangler.toml", main: "test/fixtures/detaching-worker.ts" } as const;
const bindings = { ...LOCAL_BINDINGS, LOCAL_SCOPES: "all", RATE_LIMIT: "off" };

let stateDir: string;
let server: BuiltWorker;
let url: string;
let stateless: RawStateless;

// Not the harness: the proxy in front of it does not tell the Worker of a client that left.
beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "dormouse-detaching-"));
  server = await startBuiltWorker({ ...WORKER, stateDir, bindings });
  url = `${server.url}/mcp`;
  stateless = new RawStateless(url);
});
afterAll(async () => {
  await server?.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

const LONG = "echo_detachable";

/** A call of so many tenths of a second. */
const lasting = (text: string, tenths: number) => ({ text, steps: tenths, delayMs: 100 });

type Details = Record<string, unknown> & { outcome?: string; progress?: { done: number; total: number } };

const structured = ({ structuredContent, content }: ToolAnswer): Details => {
  if (!structuredContent) throw new Error(JSON.stringify(content));
  return structuredContent;
};

const follow = async (call: unknown, waitSeconds = 8): Promise<Details> =>
  structured(await stateless.call("get_call", { call, waitSeconds }));

/** The newest call of the long tool that was given a text. */
const find = async (text: string): Promise<Details | undefined> => {
  const { calls } = structured(await stateless.call("list_calls", { tool: LONG, text, limit: 1 }));
  return (calls as Details[])[0];
};

/** Its session has shipped it. */
const found = async (text: string): Promise<Details> => {
  await expect.poll(() => find(text), { timeout: 3000 }).toBeDefined();
  return (await find(text)) ?? {};
};

const whole = (text: string) => ({ outcome: "ok", output: { status: "done", text }, result: expect.stringMatching(/^res_/) });

describeWires("a long call", (wire) => {
  const open = (): Promise<WireSession> => openSession(wire, url);

  it("is answered before it ends, goes on, and is found complete from elsewhere", async () => {
    const text = `on and on over ${wire.name}`;
    const client = await open();
    const answer = await client.call(LONG, lasting(text, 15));
    const { status, call } = structured(answer);
    expect(status).toBe("running");
    expect(answer.content).toEqual([
      { type: "text", text: `${LONG} goes on as ${call}. Ask get_call with waitSeconds for its outcome; cancel_call stops it.` }
    ]);
    await client.close();
    const session = await RawSession.begin(url);
    const seen = structured(await session.call("get_call", { call }));
    expect(seen).toMatchObject({ call, outcome: "running", progress: { total: 15 } });
    expect(seen.progress?.done).toBeGreaterThan(0);
    expect(await follow(call)).toMatchObject(whole(text));
    expect(structured(await session.call("get_call", { call }))).toMatchObject(whole(text));
  });

  it("that ends in time is answered with what it found, and nothing else is kept", async () => {
    const client = await open();
    expect(structured(await client.call(LONG, lasting(`short over ${wire.name}`, 1)))).toMatchObject({ status: "done" });
    const { call } = await found(`short over ${wire.name}`);
    expect(Object.keys(await follow(call))).not.toContain("result");
    await client.close();
  });

  it("that reports progress stays with its client", async () => {
    const client = await open();
    const { result } = await client.request("tools/call", {
      name: LONG,
      arguments: lasting("watched", 9),
      _meta: { progressToken: "p" }
    });
    expect(result?.structuredContent).toEqual({ status: "done", text: "watched" });
    await client.close();
  });

  it("is stopped from another session, and from the other era; what has ended is not", async () => {
    const client = await open();
    const { call } = structured(await client.call(LONG, lasting("stop me", 100)));
    const other = wire.era === "stateless" ? await RawSession.begin(url) : stateless;
    expect(structured(await other.call("cancel_call", { call }))).toMatchObject({ call, outcome: "cancelled" });
    expect((await client.call("cancel_call", { call })).content[0]?.text).toContain(
      "The call is not running: it is cancelled. Nothing was changed."
    );
    await client.close();
  });

  it("says what is wrong with what it was asked", async () => {
    const client = await open();
    const sentence = async (name: string, args: object) => {
      const { isError, content } = await client.call(name, args);
      expect(isError).toBe(true);
      return content[0]?.text;
    };
    expect(await sentence("get_call", { call: "none", waitSeconds: 9 })).toContain("waitSeconds");
    for (const name of ["get_call", "cancel_call"]) {
      expect(await sentence(name, {})).toContain("call");
      expect(await sentence(name, { call: "call_00000000_1_0000" })).toContain("No call of yours has the handle call_00000000_1_0000.");
    }
    await client.close();
  });

  it("is one of so many that an object runs at a time", async () => {
    const client = await open();
    const answers = await Promise.all(["a", "b", "c"].map((text) => client.call(LONG, lasting(text, 100))));
    const calls = answers.map((answer) => structured(answer).call);
    const refused = await client.call(LONG, lasting("one too many", 1));
    expect(refused).toMatchObject({ isError: true, _meta: { "dormouse/limit": { limit: "detaching_calls", maxCalls: 3 } } });
    for (const call of calls) expect(refused.content[0]?.text).toContain(String(call));
    for (const call of calls) await client.call("cancel_call", { call });
    expect(structured(await client.call(LONG, lasting("room again", 1)))).toMatchObject({ status: "done" });
    await client.close();
  });
});

describe("a client that goes away", () => {
  it("after its call of the stateless era was answered does not cancel it", async () => {
    const params = { name: LONG, arguments: lasting("stateless and gone", 20) };
    const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { ...params, _meta: envelope() } };
    const call = postBreakable(url, toHeaders("tools/call", params), body);
    await expect.poll(async () => (await call.begun).text).toContain('"running"');
    call.reset();
    expect(await follow((await found("stateless and gone")).call)).toMatchObject(whole("stateless and gone"));
  });

  it("before that cancels it", async () => {
    const params = { name: LONG, arguments: { text: "gone before", steps: 1, delayMs: 5000 } };
    const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { ...params, _meta: envelope() } };
    const call = postBreakable(url, toHeaders("tools/call", params), body);
    await expect.poll(() => find("gone before"), { interval: 20 }).toMatchObject({ outcome: "running" });
    call.reset();
    await expect.poll(() => find("gone before"), { timeout: 1000 }).toMatchObject({ outcome: "cancelled" });
  });

  it.each([
    ["without a token for progress", "left its stream", {}],
    ["with one", "gone though told of progress", { progressToken: 1 }]
  ])("from a stream leaves its call to go on, %s, and its whole answer is kept", async (_, text, _meta) => {
    const session = await RawSession.begin(url);
    const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: LONG, arguments: lasting(text, 20), _meta } };
    const call = postBreakable(url, { ...MCP_HEADERS, "mcp-session-id": session.id }, body);
    await call.begun;
    call.reset();
    expect(await follow((await found(text)).call)).toMatchObject(whole(text));
  });

  it("with its socket leaves its call to go on, and its whole answer is kept", async () => {
    const { socket } = await RawSocket.begin(url);
    const params = { name: LONG, arguments: lasting("socket dropped", 15), _meta: { progressToken: 1 } };
    socket.send({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
    await socket.next(({ method }) => method === "notifications/progress");
    socket.close();
    await socket.closed;
    expect(await follow((await found("socket dropped")).call)).toMatchObject(whole("socket dropped"));
  });

  it("by ending its session leaves its detached call to go on", async () => {
    const session = await RawSession.begin(url);
    const { call } = structured(await session.call(LONG, lasting("session ended", 15)));
    await session.end();
    expect(await follow(call, 0)).toMatchObject({ outcome: "running" });
    expect(await follow(call)).toMatchObject(whole("session ended"));
  });
});

it("who waits for a call is told how far it is", async () => {
  const { call } = structured(await stateless.call(LONG, lasting("watched from afar", 35)));
  const response = await stateless.post(
    "tools/call",
    { name: "get_call", arguments: { call, waitSeconds: 8 } },
    { meta: { progressToken: 1 } }
  );
  const messages = await readMessages(response);
  const told = messages.filter(({ method }) => method === "notifications/progress").map(({ params }) => Number(params?.progress));
  expect(told.length).toBeGreaterThan(1);
  expect(told).toEqual([...new Set(told)].sort((a, b) => a - b));
  expect(messages.at(-1)?.result?.structuredContent).toMatchObject(whole("watched from afar"));
});

it("a step of a run waits for the end of a long call", async () => {
  const step = { id: "long", kind: "tool", tool: LONG, arguments: lasting("a step", 15) };
  const { run } = structured(await stateless.call("start_workflow", { definition: { name: "waits", steps: [step] } }));
  expect(structured(await stateless.call("get_run", { run, waitSeconds: 8 }))).toMatchObject({
    state: "completed",
    output: { status: "done", text: "a step" }
  });
});

describe("a long call whose object is lost", () => {
  it.each(["sessionful", "stateless"])("reads unknown, and why, in the %s era", async (era) => {
    const dir = mkdtempSync(join(tmpdir(), "dormouse-detaching-"));
    const first = await startBuiltWorker({ ...WORKER, stateDir: dir, bindings });
    const client = async (at: string) => (era === "stateless" ? new RawStateless(`${at}/mcp`) : RawSession.begin(`${at}/mcp`));
    const { call } = structured(await (await client(first.url)).call(LONG, lasting("lost", 100)));
    // The control: while its object is there it is running, and the history has that from it.
    expect(structured(await (await client(first.url)).call("get_call", { call }))).toMatchObject({ outcome: "running" });
    await first.kill("SIGKILL");
    const second = await startBuiltWorker({ ...WORKER, stateDir: dir, bindings });
    const answer = await (await client(second.url)).call("get_call", { call });
    await second.stop();
    rmSync(dir, { recursive: true, force: true });
    expect(structured(answer)).toMatchObject({ outcome: "unknown", reason: expect.stringContaining("nothing is known of its outcome") });
    expect(answer.content[0]?.text).toContain("The server stopped or was replaced while it ran");
  });
});

it("makes the server report no failure", () => {
  expect(server.output()).not.toContain('"level":"error"');
});
