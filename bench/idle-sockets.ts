import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startBuiltWorker } from "../test/support/built-worker.ts";
import { FIRST_ID, type Session } from "./lanes/lane.ts";
import { socket } from "./lanes/socket.ts";
import { describeMachine } from "./machine.ts";

// What a thousand silent sockets hold in memory: right after a call on each, and when their objects have been evicted.
//   npm run bench:idle

const SOCKETS = 1000;
const AT_ONCE = 50;
const IDLE_MS = 25_000;

const stateDir = mkdtempSync(join(tmpdir(), "dormouse-idle-"));
const worker = await startBuiltWorker({ configPath: "bench/wrangler.toml", main: socket.main, stateDir });
try {
  const port = Number(new URL(worker.url).port);
  const warm = await socket.open(port);
  for (let id = FIRST_ID; id < FIRST_ID + 200; id++) await warm.call(id);
  const beforeMib = residentMib();
  const sessions: Session[] = [];
  while (sessions.length < SOCKETS) {
    const opened = await Promise.all(Array.from({ length: AT_ONCE }, () => socket.open(port)));
    await Promise.all(opened.map((session) => session.call(FIRST_ID)));
    sessions.push(...opened);
  }
  const awakeMib = residentMib();
  await sleep(IDLE_MS);
  const asleepMib = residentMib();
  for (const session of sessions) await session.call(FIRST_ID + 1);
  const figures = { sockets: SOCKETS, beforeMib, awakeMib, asleepMib, idleSeconds: IDLE_MS / 1000, answeredAfterwards: sessions.length };
  console.log(
    JSON.stringify({ command: "npm run bench:idle", date: new Date().toISOString(), machine: describeMachine(), ...figures }, null, 2)
  );
  for (const session of [warm, ...sessions]) session.close();
} finally {
  await worker.stop();
  rmSync(stateDir, { recursive: true, force: true });
}

function residentMib(): number {
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${worker.pid}/status`, "utf8"))?.[1] ?? 0) / 1024);
}
