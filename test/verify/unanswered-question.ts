import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RawSession, readMessages, readUntil } from "../support/session.ts";
import { startFixture } from "./fixture-worker.ts";
import type { Expect } from "./run-check.ts";

const CALL = { jsonrpc: "2.0", id: "asking", method: "tools/call", params: { name: "ask_name", arguments: {} } };
const TOO_LATE = { action: "accept", content: { name: "too late" } };

/** Kills workerd while a tool waits for a person: the history says that nobody knows, and nobody waits for ever. */
export async function expectUnansweredQuestion(expect: Expect): Promise<void> {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-question-"));
  try {
    const worker = await startFixture("writes-worker.ts", stateDir);
    const session = await RawSession.begin(`${worker.url}/mcp`, { capabilities: { elicitation: { form: {} } } });
    const events = await readUntil(await session.post(CALL), (seen) => seen.some(({ message }) => message?.method !== undefined));
    const question = events.at(-1);
    await worker.kill("SIGKILL");
    expect("question: workerd was killed while a person was asked", question?.message?.method === "elicitation/create", events);

    const restarted = await startFixture("writes-worker.ts", stateDir);
    const resumed = RawSession.resume(`${restarted.url}/mcp`, session.id);
    const answered = await resumed.post({ jsonrpc: "2.0", id: question?.message?.id, result: TOO_LATE });
    expect("question: an answer that comes too late harms nobody", answered.status === 202, answered.status);
    const headers = { accept: "text/event-stream", "mcp-session-id": session.id, "last-event-id": question?.id ?? "" };
    const rest = await readMessages(await fetch(`${restarted.url}/mcp`, { headers }));
    const isTold = rest.length === 1 && rest[0]?.id === CALL.id && rest[0].error?.data?.reason === "stream_lost";
    expect("question: whoever comes back for the answer is told that there is none", isTold, rest);
    const { structuredContent } = await resumed.call("list_calls", { session: "this", tool: "ask_name" });
    const [row] = (structuredContent?.calls ?? []) as { outcome: string }[];
    expect("question: the history says that its outcome is unknown", row?.outcome === "unknown", row);
    await restarted.stop();
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}
