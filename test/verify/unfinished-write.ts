import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startGitHubStub } from "../support/github-stub.ts";
import { startFixture } from "./fixture-worker.ts";
import type { Expect } from "./run-check.ts";
import { openSession, readHistory, resumeSession } from "./wire.ts";

const NOTE = { owner: "octo", repo: "notes", title: "In flight", body: "when the server dies" };
const PATH = `/repos/${NOTE.owner}/${NOTE.repo}/issues`;
/** Long enough for whoever would send a write again to do so. */
const RESEND_MS = 3000;

/** Kills workerd while a write waits for GitHub's answer: the history says that nobody knows, and nobody sends it again. */
export async function expectUnknownWrite(expect: Expect): Promise<void> {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-write-"));
  const github = await startGitHubStub();
  try {
    github.behave("hang");
    const worker = await startFixture("writes-worker.ts", stateDir, { GITHUB_API_URL: github.url });
    const session = await openSession(worker.url);
    const before = await session.call("echo", { text: "before" });
    const call = session.call("create_note", NOTE).then(
      () => "answered",
      () => "lost"
    );
    for (let waitedMs = 0; github.count("POST", PATH) === 0 && waitedMs < 5000; waitedMs += 10) await sleep(10);
    const wasSent = github.count("POST", PATH) === 1;
    await worker.kill("SIGKILL");
    expect(
      "write: workerd was killed while GitHub had the request",
      wasSent && before.answer.result !== undefined && (await call) === "lost"
    );
    github.behave("ok");
    const restarted = await startFixture("writes-worker.ts", stateDir, { GITHUB_API_URL: github.url });
    const rows = await readHistory(resumeSession(restarted.url, session.id));
    const outcomes = rows.filter(({ tool }) => tool === "create_note").map(({ outcome }) => outcome);
    expect("write: the history says that its outcome is unknown", outcomes.join() === "unknown", outcomes);
    await sleep(RESEND_MS);
    expect("write: GitHub saw exactly one request", github.writes.length === 1, github.writes);
    await restarted.stop();
  } finally {
    await github.close();
    await rm(stateDir, { recursive: true, force: true });
  }
}
