import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStubGroup } from "../../scripts/upstreams/log-events.ts";
import { logsSettings } from "../../scripts/upstreams/logs.ts";
import { startLogsStub } from "../../scripts/upstreams/logs-stub.ts";
import { RawSession } from "../support/session.ts";
import { startFixture } from "./fixture-worker.ts";
import { countIndependently } from "./log-truth.ts";
import { type Expect, runCheck } from "./run-check.ts";

// A million log events go through analyze_logs in constant memory, and are counted right. The control is a Worker whose analysis
// keeps all messages, which must be seen to grow.

const EVENTS = 1_000_000;
const BOUND = 1.1;
const START_MS = Date.UTC(2026, 7, 1);
const END_MS = START_MS + 20 * 3_600_000;

const group = createStubGroup({ name: "/load/web", events: EVENTS, startMs: START_MS, endMs: END_MS });

async function holdsNoEvents(expect: Expect): Promise<void> {
  const plain = await analyzeOnce("logs-worker.ts");
  const growth = plain.secondMib / plain.firstMib;
  const seen = ({ firstMib, secondMib, seconds, processorSeconds }: Measured) =>
    `${Math.round(firstMib)} MiB, then ${Math.round(secondMib)} MiB, in ${seconds} s, ${processorSeconds} s of processor time`;
  expect(`resident memory after the second half is at most ${BOUND} times that after the first`, growth <= BOUND, seen(plain));
  const truth = countIndependently(group);
  expect("every event was counted", plain.answer.matched === EVENTS && plain.answer.isComplete === true, plain.answer.matched);
  expect("by level as an independent count has it", isSame(plain.answer.levels, truth.levels), plain.answer.levels);
  expect("by hour as an independent count has it", isSame(plain.answer.times, truth.times), plain.answer.bucketSeconds);
  const stored = Number(plain.answer.stored);
  const isFull = stored > 0 && stored < EVENTS && plain.answer.storeFrom === toIso(group.eventAt(stored).timestamp);
  expect("what fits a result is stored, and the answer says where the rest begins", isFull, [stored, plain.answer.storeFrom]);
  const control = await analyzeOnce("hoarding-worker.ts");
  expect("the control, which keeps all messages, grows by more", control.secondMib / control.firstMib > BOUND, seen(control));
}

interface Measured {
  /** The highest within the last fifth of each half. */
  readonly firstMib: number;
  readonly secondMib: number;
  readonly seconds: number;
  /** Of all of workerd, its start included. */
  readonly processorSeconds: number;
  readonly answer: Readonly<Record<string, unknown>>;
}

async function analyzeOnce(main: string): Promise<Measured> {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-logs-"));
  let readMib = async () => 0;
  const highest = [0, 0];
  const logs = await startLogsStub({
    groups: [group],
    async onPage(nextIndex) {
      const half = nextIndex <= EVENTS / 2 ? 0 : 1;
      const isLate = nextIndex > (EVENTS / 2) * (half + 0.8);
      if (isLate) highest[half] = Math.max(highest[half] ?? 0, await readMib());
    }
  });
  const worker = await startFixture(main, stateDir, logsSettings(logs, "/load/*"));
  readMib = () => residentMib(worker.pid);
  try {
    const session = await RawSession.begin(`${worker.url}/mcp`);
    const startedMs = Date.now();
    const args = { logGroup: group.name, startTime: START_MS, endTime: END_MS, limit: EVENTS };
    // With a progress token the call stays with its request.
    const { structuredContent, content } = await session.call("analyze_logs", args, { meta: { progressToken: 1 } });
    if (structuredContent?.status !== "done") throw new Error(content[0]?.text);
    const [firstMib = 0, secondMib = 0] = highest;
    const seconds = Math.round((Date.now() - startedMs) / 1000);
    return { firstMib, secondMib, seconds, processorSeconds: await processorSeconds(worker.pid), answer: structuredContent };
  } finally {
    await Promise.all([worker.stop(), logs.close()]);
    await rm(stateDir, { recursive: true, force: true });
  }
}

const toIso = (timeMs: number): string => new Date(timeMs).toISOString();

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}

/** User and system time, in hundredths: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
async function processorSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) /, "").split(" ");
  return Math.round((Number(fields[11]) + Number(fields[12])) / 100);
}

await runCheck(holdsNoEvents);
