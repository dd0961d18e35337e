import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messagesOf } from "../support/session.ts";
import { RawStateless } from "../support/stateless.ts";
import { startFixture } from "./fixture-worker.ts";
import { type Expect, runCheck } from "./run-check.ts";
import { openSession, readHistory } from "./wire.ts";

// An object that nobody calls loses its memory; its session goes on as if nothing had happened.

/** workerd evicts an object about 10 s after it was last needed, and a session ships its calls 5 s after the first. */
const IDLE_MS = 20_000;

async function survivesEviction(expect: Expect): Promise<void> {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-eviction-"));
  const worker = await startFixture("writes-worker.ts", stateDir);
  try {
    const session = await openSession(worker.url);
    const incarnationOf = async (text: string) => (await session.call("echo", { text })).headers.get("incarnation");
    const first = await incarnationOf("before");
    const second = await incarnationOf("right after");
    expect("control: an object in use keeps its incarnation", first !== null && first === second, [first, second]);
    await sleep(IDLE_MS);
    const third = await incarnationOf("after");
    expect("an idle object is evicted", third !== null && third !== first, [first, third]);
    const texts = (await readHistory(session)).map(({ arguments: args }) => args).filter((args) => args?.includes("text"));
    expect("its history is complete", texts.length === 3, texts);
  } finally {
    await worker.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

/** A home sleeps under a listener, and after a call that streamed. */
async function sleepsUnderListeners(expect: Expect): Promise<void> {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-eviction-"));
  const worker = await startFixture("writes-worker.ts", stateDir);
  try {
    const client = new RawStateless(`${worker.url}/mcp`);
    const incarnationOf = async (args: object) => {
      const response = await client.post("tools/call", { name: "echo", arguments: args }, { meta: { progressToken: 1 } });
      await response.text();
      return response.headers.get("incarnation");
    };
    const listening = await client.post("subscriptions/listen", { notifications: { toolsListChanged: true } });
    const first = await incarnationOf({ text: "before", steps: 3, delayMs: 300 });
    const second = await incarnationOf({ text: "right after" });
    expect("control: a home in use keeps its incarnation", first !== null && first === second, [first, second]);
    await sleep(IDLE_MS);
    const third = await incarnationOf({ text: "after" });
    expect("a home with a listener is evicted", third !== null && third !== first, [first, third]);
    await client.call("announce_change", { list: "tools" });
    const messages = messagesOf(listening);
    const told = [(await messages.next()).value?.method, (await messages.next()).value?.method];
    expect("and tells it of a change", told[1] === "notifications/tools/list_changed", told);
  } finally {
    await worker.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

await runCheck(async (expect) => {
  await Promise.all([survivesEviction(expect), sleepsUnderListeners(expect)]);
});
