import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startFixture } from "./fixture-worker.ts";
import { type Expect, runCheck } from "./run-check.ts";
import { openSession, readHistory } from "./wire.ts";

// An object that nobody calls loses its memory; its session goes on as if nothing had happened.

/** workerd evicts an idle object after about 10 s, and this one ships its calls 5 s after the first. */
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

await runCheck(survivesEviction);
