import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { LOCAL_BINDINGS, startBuiltWorker } from "../support/built-worker.ts";
import { startGitHubStub } from "../support/github-stub.ts";
import { RawStateless } from "../support/stateless.ts";
import { objectFilesIn } from "./object-files.ts";
import type { Expect } from "./run-check.ts";
import { endOfRun, startRun } from "./run-client.ts";

/** GitHub takes 40 ms for each, and a run reads five at a time. */
const LISTED = Array.from({ length: 100 }, (_, index) => `octo/repo-${index}`);
const KILL_MS = 300;
/** The object's alarm stands at most 30 s ahead while a run is at work. */
const MOST_MS = 60_000;
/** What is left of the run takes less than a second. */
const QUIET_MS = 3000;

/** Kills workerd in the middle of a run after which nobody asks for anything: the run goes on by itself. */
export async function expectUntouched(expect: Expect): Promise<void> {
  const [first, later] = await Promise.all([killOnce({ isFirst: true }), killOnce({ isFirst: false })]);
  for (const [what, { readsAtKill, wakeMs, states }] of [
    ["first", first],
    ["later", later]
  ] as const) {
    expect(
      `untouched: the ${what} run of an object goes on by itself`,
      readsAtKill > 0 && readsAtKill < LISTED.length && wakeMs !== undefined,
      {
        readsAtKill,
        secondsAfterKill: wakeMs && wakeMs / 1000
      }
    );
    expect(
      `untouched: the ${what} run is completed`,
      states.every((state) => state === "completed"),
      states
    );
  }
}

async function killOnce({ isFirst }: { isFirst: boolean }) {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-untouched-"));
  const github = await startGitHubStub();
  const start = () => startBuiltWorker({ stateDir, bindings: { ...LOCAL_BINDINGS, GITHUB_API_URL: github.url, RATE_LIMIT: "off" } });
  try {
    const worker = await start();
    const client = new RawStateless(`${worker.url}/mcp`);
    const request = (repositories: readonly string[]) => ({ workflow: "repository_report", inputs: { repositories } });
    if (!isFirst) await endOfRun(client, await startRun(client, request(["octo/before"])));
    github.reset();
    github.behave("slow");
    await startRun(client, request(LISTED));
    await sleep(KILL_MS);
    await worker.kill("SIGKILL");
    const killedMs = Date.now();
    await sleep(QUIET_MS); // what was sent has arrived
    const readsAtKill = github.seen.length;
    const restarted = await start();
    while (github.seen.length === readsAtKill && Date.now() < killedMs + MOST_MS) await sleep(50);
    const wakeMs = github.seen.length > readsAtKill ? Date.now() - killedMs : undefined;
    await sleep(QUIET_MS);
    await restarted.stop();
    return { readsAtKill, wakeMs, states: (await objectFilesIn(stateDir, "Home")).flatMap(statesIn) };
  } finally {
    await github.close();
    await rm(stateDir, { recursive: true, force: true });
  }
}

function statesIn(path: string): string[] {
  using database = new DatabaseSync(path, { readOnly: true });
  return database
    .prepare("SELECT state FROM runs")
    .all()
    .map(({ state }) => String(state));
}
