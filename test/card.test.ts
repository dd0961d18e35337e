import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Agent } from "agents";
import { McpAgent } from "agents/mcp";
import { describe, expect, it } from "vitest";
import type { SessionAgent } from "../src/index.ts";
import { homeNameOf } from "../src/mcp/doors/home-name.ts";
import { readSessionId } from "../src/mcp/signed/session-id.ts";
import { promptly } from "./support/session.ts";
import { begin, createCaller, send, stubOf } from "./unit/session/in-worker.ts";

// Each word of what this project says that it is, shown at work.

const toCall = (name: string, args: object, meta = {}) => ({ id: 1, method: "tools/call", params: { name, arguments: args, ...meta } });

const inObject = <T>(id: string, act: (agent: SessionAgent, state: DurableObjectState) => T | Promise<T>) =>
  runInDurableObject(stubOf(id), act);

/** Lets the id of a session expire, as its object knows it. */
async function expire(id: string): Promise<void> {
  await inObject(id, (_, { storage }) => storage.kv.put("session", { ...storage.kv.get<object>("session"), expiresMs: 1 }));
  await evictDurableObject(stubOf(id));
}

describe("a per-session Durable Object", () => {
  it("is made for each session, and no other has its calls", async () => {
    const [one, other] = [await begin(), await begin()];
    await (await send("POST", one, toCall("list_calls", {}))).text();
    const count = (id: string) =>
      inObject(id, (_, { storage }) => storage.sql.exec("SELECT count(*) AS count FROM sqlite_master WHERE name = 'calls'").one().count);
    expect([await count(one), await count(other)]).toEqual([1, 0]);
  });
});

describe("subclasses McpAgent", () => {
  it("is one, and uses its contract: server, init, props and getSessionId", async () => {
    const id = await begin();
    await (await send("POST", id, toCall("list_calls", {}))).text();
    const seen = await inObject(id, (agent) => ({
      isMcpAgent: agent instanceof McpAgent && agent instanceof Agent,
      hasServer: typeof agent.server.getClientVersion()?.name,
      principal: agent.props?.principal.id,
      sessionId: agent.getSessionId()
    }));
    expect(seen).toEqual({ isMcpAgent: true, hasServer: "string", principal: "local", sessionId: readSessionId(id).name });
  });

  it("lets its life cycle sleep, and starts it for its heartbeat, its schedule and its end when a client has gone", async () => {
    const id = await begin();
    await (await send("POST", id, toCall("list_calls", {}))).text();
    expect(await inObject(id, (agent) => agent.lifecycle.isStarted())).toBe(false);
    const long = toCall("long_operation", { steps: 20, delayMs: 50 }, { _meta: { progressToken: 1 } });
    await (await send("POST", id, long)).body?.cancel(); // the client goes
    await expect.poll(() => inObject(id, (agent) => agent.lifecycle.isStarted())).toBe(true);
    await expect.poll(() => inObject(id, (agent) => agent._keepAliveRefs)).toBe(1);
    await expect.poll(() => inObject(id, (agent) => agent._keepAliveRefs), { timeout: 5000 }).toBe(0);
    const schedules = await inObject(id, (agent) => agent.getSchedules());
    expect(schedules.map(({ callback }) => callback)).toContain("sweepSession");
    await expire(id);
    await inObject(id, (agent) => agent.sweepSession()).catch(() => {}); // destroy aborts the object, and whoever asks it then
    const schema = () => inObject(id, (_, { storage }) => storage.kv.get("session")).catch(() => "being destroyed");
    await expect.poll(schema).toBeUndefined();
  });
});

describe("keeps tool-call history in Durable Object storage", () => {
  it("has it after the object has lost its memory", async () => {
    const id = await begin();
    await (await send("POST", id, toCall("get_call", { call: "none" }))).text();
    await evictDurableObject(stubOf(id));
    expect(await (await send("POST", id, toCall("list_calls", {}))).text()).toContain('"get_call"');
  });

  it("deletes it when the session's id has expired", async () => {
    const id = await begin();
    await (await send("POST", id, toCall("list_calls", {}))).text();
    await expire(id);
    await runDurableObjectAlarm(stubOf(id));
    expect(
      await inObject(id, (_, { storage }) => storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'calls'").toArray())
    ).toEqual([]);
  });
});

describe("serves Streamable HTTP", () => {
  it("answers with JSON, or with a stream", async () => {
    const id = await begin();
    const json = await promptly(() => send("POST", id, toCall("list_calls", {})));
    expect(json.headers.get("content-type")).toBe("application/json");
    await json.text();
    const stream = await send("POST", id, toCall("long_operation", { steps: 2, delayMs: 1 }, { _meta: { progressToken: 1 } }));
    expect(stream.headers.get("content-type")).toBe("text/event-stream");
    expect(await stream.text()).toContain("notifications/progress");
  });
});

describe("serves hibernating WebSocket connections", () => {
  it("answers on the same socket when its object has lost its memory", async () => {
    const id = await begin();
    const response = await send("GET", id, undefined, { upgrade: "websocket", "sec-websocket-protocol": "mcp" });
    const socket = response.webSocket;
    if (!socket) throw new Error(`The upgrade was answered with ${response.status}.`);
    const frames: string[] = [];
    socket.addEventListener("message", ({ data }) => void frames.push(String(data)));
    socket.accept();
    socket.send(JSON.stringify({ jsonrpc: "2.0", ...toCall("get_call", { call: "none" }) }));
    await expect.poll(() => frames.length).toBe(1);
    await evictDurableObject(stubOf(id), { webSockets: "hibernate" });
    socket.send(JSON.stringify({ jsonrpc: "2.0", ...toCall("list_calls", {}) }));
    await expect.poll(() => frames.length).toBe(2);
    expect(frames[1]).toContain('"get_call"');
    socket.close();
  });
});

describe("keeps workflow state in Durable Object storage", () => {
  it("has it in its principal's home, and in the session that started the run, after both have lost their memory", async () => {
    const id = await begin();
    const definition = { name: "card", steps: [{ id: "ask", kind: "approval", message: "Go on?" }] };
    const { run } = await createCaller({}, id)("start_workflow", { definition });
    const home = env.HOME.get(env.HOME.idFromName(`home:${homeNameOf("local")}`));
    const told = () => inObject(id, (_, { storage }) => storage.sql.exec("SELECT run, workflow, state FROM session_runs").toArray());
    await expect.poll(() => told().catch(() => [])).toEqual([{ run, workflow: "card", state: "waiting" }]);
    await evictDurableObject(home);
    await evictDurableObject(stubOf(id));
    expect(await told()).toEqual([{ run, workflow: "card", state: "waiting" }]);
    const kept = await runInDurableObject(home, (_, { storage }) => storage.sql.exec("SELECT workflow, state FROM runs").toArray());
    expect(kept).toEqual([{ workflow: "card", state: "waiting" }]);
    expect(await (await send("POST", id, toCall("signal_run", { run, approved: true }))).text()).toContain(run);
    await expect.poll(async () => (await (await send("POST", id, toCall("get_run", { run }))).text()).includes('"completed"')).toBe(true);
  });
});
