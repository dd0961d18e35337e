import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createRandom } from "../unit/random.ts";
import { startFixture } from "./fixture-worker.ts";
import { CONNECTIONS, type Mode, SESSIONS, startLoad } from "./load.ts";
import { isAlive } from "./processes.ts";
import { type Expect, runCheck } from "./run-check.ts";
import { expectUnansweredQuestion } from "./unanswered-question.ts";
import { expectUnknownWrite } from "./unfinished-write.ts";
import { readHistory, resumeSession } from "./wire.ts";

// `kill -9` of workerd under load loses no acknowledged call. The control is the same Worker with a store that writes when the
// answer has left: a check that finds nothing wrong with it proves nothing.
//   node test/verify/kill.ts [seed]

const ROUNDS = 4;
const EARLIEST_KILL_MS = 300;
const LATEST_KILL_MS = 1500;

async function losesNothing(expect: Expect): Promise<void> {
  const seed = Number(process.argv[2] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}, ${SESSIONS} sessions × ${CONNECTIONS} connections, ${ROUNDS} rounds each`);
  const random = createRandom(seed);
  for (const mode of ["JSON", "SSE"] as const) {
    for (let round = 1; round <= ROUNDS; round++) {
      const found = await killOnce("writes-worker.ts", mode, killMsOf(random));
      expectKilled(expect, `${mode} round ${round}`, found);
      expect(`${mode} round ${round}: no acknowledged call is lost`, found.lost.length === 0, found.lost.slice(0, 5));
      expect(`${mode} round ${round}: no call is there twice`, found.twice === 0, found.twice);
      expect(`${mode} round ${round}: no call still runs`, found.unsettled === 0, found.unsettled);
    }
    let lostByControl = 0;
    for (let round = 1; round <= ROUNDS; round++) {
      const found = await killOnce("late-worker.ts", mode, killMsOf(random));
      expectKilled(expect, `${mode} control round ${round}`, found);
      lostByControl += found.lost.length;
    }
    expect(`${mode} control: a store that writes late loses acknowledged calls`, lostByControl > 0, `${lostByControl} lost`);
  }
  await expectUnknownWrite(expect);
  await expectUnansweredQuestion(expect);
}

interface Found {
  readonly killMs: number;
  readonly inFlight: number;
  readonly isDead: boolean;
  readonly acknowledged: number;
  /** Acknowledged calls that the history does not show as done. */
  readonly lost: readonly string[];
  readonly twice: number;
  readonly unsettled: number;
}

async function killOnce(main: string, mode: Mode, killMs: number): Promise<Found> {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-kill-"));
  try {
    const worker = await startFixture(main, stateDir);
    const load = await startLoad(worker.url, mode);
    await Promise.race([sleep(killMs), load.ended()]);
    load.expectLoss();
    const inFlight = load.inFlight();
    await worker.kill("SIGKILL");
    const isDead = !(await isAlive(worker.pid));
    await load.ended();
    const restarted = await startFixture(main, stateDir);
    try {
      const found = { killMs, inFlight, isDead, acknowledged: 0, lost: [] as string[], twice: 0, unsettled: 0 };
      for (const { id, acknowledged } of load.sessions) {
        const rows = await readHistory(resumeSession(restarted.url, id));
        const texts = rows.filter(({ tool, outcome }) => tool.startsWith("echo") && outcome === "ok").map(textOf);
        const recorded = new Set(texts);
        found.acknowledged += acknowledged.size;
        found.lost.push(...[...acknowledged].filter((text) => !recorded.has(text)));
        found.twice += texts.length - recorded.size;
        found.unsettled += rows.filter(({ outcome }) => outcome === "running" || outcome === "pending").length;
      }
      return found;
    } finally {
      await restarted.stop();
    }
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}

function expectKilled(expect: Expect, what: string, { killMs, inFlight, isDead, acknowledged }: Found): void {
  const holds = isDead && inFlight > 0 && acknowledged > 0;
  expect(`${what}: workerd was killed with calls in flight`, holds, { killMs, inFlight, acknowledged });
}

const textOf = (row: { arguments?: string }): string => (JSON.parse(row.arguments ?? "{}") as { text: string }).text;

const killMsOf = (random: () => number): number => Math.round(EARLIEST_KILL_MS + random() * (LATEST_KILL_MS - EARLIEST_KILL_MS));

await runCheck(losesNothing);
