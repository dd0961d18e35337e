import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readMessages } from "../../support/session.ts";
import { envelope, toHeaders } from "../../support/stateless.ts";
import { begin, createCaller, createPerson, createPrincipal, type Somebody, send } from "../session/in-worker.ts";
import { connect, openSocket, WIRES } from "./client.ts";

// Names that two may both use, and counts that each has: what the one does with them does nothing to the other.

let alice: Somebody;
let bob: Somebody;

beforeEach(async () => {
  alice = await createPerson();
  bob = await createPrincipal();
});
afterEach(() => reset());

const WORK = { name: "long_operation", arguments: { steps: 1, delayMs: 0 } };
const definition = { name: "same_name", steps: [{ id: "ask", kind: "approval", message: "Whose is it?" }] };

/** What no answer to Bob may hold. */
const MARKS = /same_name|of_alice|long_operation/;

it.each(WIRES)("a key is each principal's own: the other's call is done, and not replayed, on %s", async (wire) => {
  const [hers, his] = [await connect(wire, alice), await connect(wire, bob)];
  const keyed = { ...WORK, _meta: { "dormouse/idempotency-key": "the same" } };
  const ask = async ({ ask: answer }: typeof hers) => (await answer("tools/call", keyed)).includes("dormouse/replayed");
  expect([await ask(hers), await ask(his), await ask(hers), await ask(his)]).toEqual([false, false, true, true]);
});

it("a limit that the one has reached does not limit the other", async () => {
  const [hers, his] = [await connect("stateless", alice), await connect("stateless", bob)];
  let answer = "";
  for (let calls = 0; calls < 100 && !answer.includes("1429"); calls++)
    answer = await hers.ask("tools/call", { ...WORK, name: "get_call", arguments: { call: `${calls}` } });
  expect(answer).toContain("1429");
  expect(await his.ask("tools/call", WORK)).toContain("Took 1 steps");
});

it("counts, lists and resources hold what is one's own", async () => {
  const call = createCaller(alice.headers, await begin(alice.headers));
  for (let calls = 0; calls < 3; calls++) await call("get_call", { call: `of_alice_${calls}` });
  await call("define_workflow", { definition });
  await call("start_workflow", { workflow: definition.name });
  const theirs = createCaller(bob.headers);
  const lists = ["list_calls", "list_sessions", "list_runs", "list_workflows", "summarize_activity", "export_calls", "get_usage"];
  for (const tool of lists) expect(JSON.stringify(await theirs(tool))).not.toMatch(MARKS);
  expect(await theirs("summarize_activity")).toMatchObject({ total: { calls: lists.length } });
  expect(await theirs("list_sessions")).toMatchObject({ sessions: [] });
  expect(await theirs("get_usage")).toMatchObject({ sessions: 0 });
  const recent = await send(...stateless("resources/read", { uri: "calls://recent" }, bob));
  expect(await recent.text()).not.toMatch(MARKS);
  expect(JSON.stringify(await call("list_calls"))).toMatch(MARKS); // she finds them
});

it("a workflow of the same name is another's own", async () => {
  const [hers, his] = [createCaller(alice.headers), createCaller(bob.headers)];
  expect(await hers("define_workflow", { definition })).toMatchObject({ replaced: false });
  expect(await his("define_workflow", { definition: { ...definition, title: "his" } })).toMatchObject({ replaced: false });
  expect(JSON.stringify(await hers("list_workflows", { workflow: definition.name }))).not.toContain("his");
});

describe("while a call of hers goes on", () => {
  const long = { id: 7, method: "tools/call", params: { ...WORK, arguments: { steps: 10, delayMs: 50 }, _meta: { progressToken: "p" } } };
  const cancelled = { method: "notifications/cancelled", params: { requestId: 7 } };

  it("nobody else cancels it, or hears of its progress, by numbering requests alike", async () => {
    const [session, other] = [await begin(alice.headers), await begin(bob.headers)];
    const [hers, his] = [await openSocket(alice.headers, session), await openSocket(bob.headers, other)];
    hers.send(long);
    const answer = send("POST", session, long, alice.headers).then(readMessages);
    his.send(cancelled);
    his.send({ id: 7, result: {} });
    const sent = [
      await send("POST", other, cancelled, bob.headers),
      await send("POST", session, cancelled, bob.headers),
      await send(...stateless("notifications/cancelled", cancelled.params, bob))
    ];
    expect(sent.map(({ status }) => status)).toEqual([202, 404, 202]);
    await Promise.all(sent.map((response) => response.text()));
    expect((await answer).at(-1)).toMatchObject({ id: 7, result: { structuredContent: { steps: 10 } } });
    await expect.poll(() => hers.frames.some((frame) => frame.includes('"structuredContent"'))).toBe(true);
    expect(his.frames).toEqual([]);
  });
});

describe("a run of hers", () => {
  it("is told of to nobody else who subscribes to it, in either era", async () => {
    const call = createCaller(alice.headers);
    const run = String((await call("start_workflow", { definition })).run);
    const uri = `run://${run}`;
    const [hers, his] = await Promise.all([alice, bob].map((somebody) => listen(somebody, uri)));
    const socket = await openSocket(bob.headers, await begin(bob.headers));
    expect(await socket.ask("resources/subscribe", { uri })).toBe(await socket.ask("resources/subscribe", { uri: "run://run_none" }));
    await call("signal_run", { run, approved: true });
    await expect.poll(() => hers?.text()).toContain("notifications/resources/updated");
    expect(his?.text()).not.toContain("updated");
    expect(socket.frames.filter((frame) => frame.includes("updated"))).toEqual([]);
    for (const listener of [hers, his]) listener?.close();
  });
});

/** A request of the stateless era, or a notification, as `send` takes it. */
function stateless(method: string, params: Record<string, unknown>, { headers }: Somebody): Parameters<typeof send> {
  const message = { method, params: { ...params, _meta: envelope() } };
  return [
    "POST",
    undefined,
    method.startsWith("notifications/") ? message : { id: 1, ...message },
    { ...toHeaders(method, params), ...headers }
  ];
}

/** Listens to a resource in the stateless era. */
async function listen(somebody: Somebody, uri: string) {
  const { body } = await send(...stateless("subscriptions/listen", { notifications: { resourceSubscriptions: [uri] } }, somebody));
  const reader = body?.getReader();
  let heard = "";
  const read = async () => {
    for (;;) {
      const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
      if (done) return;
      heard += new TextDecoder().decode(value);
    }
  };
  read().catch(() => {}); // it ends with the test
  await expect.poll(() => heard).toContain("acknowledged");
  return { text: () => heard, close: () => void reader?.cancel().catch(() => {}) };
}
