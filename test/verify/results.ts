import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RawSession, type ToolAnswer } from "../support/session.ts";
import { RawStateless } from "../support/stateless.ts";
import { startFixture } from "./fixture-worker.ts";
import { type Expect, runCheck } from "./run-check.ts";

// A result of 60 MiB in both eras: written, read page by page, downloaded whole and in ranges, and what workerd holds meanwhile.

const MIB = 1024 * 1024;
const MEBIBYTES = 60;
const RANGE_BYTES = 7 * MIB + 13; // no multiple of a part
const DOWNLOADS = 10;
/** Written, read in pages, downloaded whole and in ranges, in both eras: what would be held by whoever held it all. */
const MOVED_MIB = 2 * (3 + DOWNLOADS) * MEBIBYTES;
/** How often the memory is looked at, milliseconds. */
const LOOK_MS = 50;

interface Made {
  readonly result: string;
  readonly bytes: number;
  readonly lines: number;
  readonly sha256: string;
}

type Call = (name: string, args: object) => Promise<ToolAnswer>;

async function keepsLargeResults(expect: Expect): Promise<void> {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-results-"));
  const worker = await startFixture("writes-worker.ts", stateDir);
  try {
    const session = await RawSession.begin(`${worker.url}/mcp`);
    const stateless = new RawStateless(`${worker.url}/mcp`);
    const eras: readonly (readonly [string, Call])[] = [
      ["sessionful", (name, args) => session.call(name, args)],
      ["stateless", (name, args) => stateless.call(name, args)]
    ];
    await Promise.all(eras.map(([, call]) => call("make_rows", { mebibytes: 1 })));
    const memory = watchMemory(worker.pid, await residentMib(worker.pid));
    for (const [era, call] of eras) {
      const phase = async (what: string, act: () => Promise<boolean>) => {
        const startedMs = Date.now();
        const holds = await act();
        const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
        expect(`${era}: ${MEBIBYTES} MiB ${what}`, holds, `${seconds} s; so far workerd has grown by ${memory.grownMib()} MiB at most`);
      };
      let made: Made | undefined;
      await phase("are stored by one call", async () => {
        made = (await call("make_rows", { mebibytes: MEBIBYTES })).structuredContent as unknown as Made;
        return made.bytes > (MEBIBYTES - 1) * MIB;
      });
      if (!made) return;
      const { result, bytes, sha256 } = made;
      const url = `${worker.url}/results/${result}`;
      await phase("read page by page are what was written", async () => (await hashOfPages(call, result)) === sha256);
      await phase(`are downloaded ${DOWNLOADS} times as they were written`, async () => {
        const hashes = new Set<string>();
        for (let n = 0; n < DOWNLOADS; n++) hashes.add(await hashOf(await fetch(url)));
        return hashes.size === 1 && hashes.has(sha256);
      });
      await phase("are downloaded in ranges as they were written", async () => (await hashOfRanges(url, bytes)) === sha256);
      await phase("are not read for a client that does not read them", async () => {
        const idle = await fetch(url);
        await sleep(2000);
        await idle.body?.cancel();
        return idle.ok;
      });
      await call("delete_result", { result });
      expect(`${era}: what was deleted is gone`, (await fetch(url)).status === 404);
    }
    memory.stop();
    expect(
      `workerd grows by less than half of the ${MOVED_MIB} MiB that went through it`,
      memory.grownMib() < MOVED_MIB / 2,
      memory.grownMib()
    );
  } finally {
    await worker.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

/** Looks at what workerd holds, again and again. */
function watchMemory(pid: number, beforeMib: number) {
  let peakMib = beforeMib;
  const look = setInterval(async () => {
    peakMib = Math.max(peakMib, await residentMib(pid));
  }, LOOK_MS);
  return { grownMib: () => Math.round(peakMib - beforeMib), stop: () => clearInterval(look) };
}

async function hashOfPages(call: Call, result: string): Promise<string> {
  const hash = createHash("sha256");
  for (let fromLine: number | undefined = 1; fromLine !== undefined; ) {
    const { structuredContent } = await call("read_result", { result, fromLine, lines: 1000 });
    const page = structuredContent as unknown as { lines: { text: string }[]; nextLine?: number };
    for (const { text } of page.lines) hash.update(`${text}\n`);
    fromLine = page.nextLine;
  }
  return hash.digest("hex");
}

async function hashOf({ body }: Response): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of body ?? []) hash.update(chunk);
  return hash.digest("hex");
}

async function hashOfRanges(url: string, bytes: number): Promise<string> {
  const hash = createHash("sha256");
  for (let start = 0; start < bytes; start += RANGE_BYTES) {
    const response = await fetch(url, { headers: { range: `bytes=${start}-${start + RANGE_BYTES - 1}` } });
    if (response.status !== 206) throw new Error(`A range was answered ${response.status}.`);
    for await (const chunk of response.body ?? []) hash.update(chunk);
  }
  return hash.digest("hex");
}

async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}

await runCheck(keepsLargeResults);
