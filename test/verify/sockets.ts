import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { RawSession } from "../support/session.ts";
import { RawSocket } from "../support/socket.ts";
import { startFixture } from "./fixture-worker.ts";
import { objectFilesIn } from "./object-files.ts";
import { type Expect, runCheck } from "./run-check.ts";

// Silent sockets cost nothing: their objects are evicted under them and wake when they are called, not before. The control is an
// object that is called all the while: it must be seen to stay. And many connections to one session mix nothing up.

const SOCKETS = 200;
const IDLE_MS = 20_000;
const SHARING = 4;
const CALLS = 10_000;

async function sleepsAndKeepsApart(expect: Expect): Promise<void> {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-sockets-"));
  const worker = await startFixture("boots-worker.ts", stateDir);
  const url = `${worker.url}/mcp`;
  try {
    await expectSleep(expect, url, stateDir);
    await expectApart(expect, url);
  } finally {
    await worker.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

async function expectSleep(expect: Expect, url: string, stateDir: string): Promise<void> {
  const opened = await Promise.all(Array.from({ length: SOCKETS }, () => RawSocket.begin(url)));
  for (const { socket } of opened) await echo(socket, "before");
  const busy = await RawSocket.begin(url);
  for (const deadline = Date.now() + IDLE_MS; Date.now() < deadline; await sleep(500)) await echo(busy.socket, "busy");
  const asleep = await bootsIn(stateDir);
  expect(
    `none of ${SOCKETS} objects woke while its socket was silent`,
    asleep.length === SOCKETS + 1 && asleep.every((boots) => boots === 1),
    tally(asleep)
  );
  const answers = await Promise.all(opened.map(({ socket }, i) => echo(socket, `after ${i}`)));
  expect(
    "every call after the silence is answered",
    answers.every((text, i) => text === `after ${i}`)
  );
  const awake = await bootsIn(stateDir);
  expect("every object was gone, and started again for the call", awake.filter((boots) => boots === 2).length === SOCKETS, tally(awake));
  expect("the control, an object that was called all the while, stayed", awake.filter((boots) => boots === 1).length === 1);
  for (const { socket } of [...opened, busy]) socket.close();
}

async function expectApart(expect: Expect, url: string): Promise<void> {
  const { socket, session } = await RawSocket.begin(url);
  const sockets = [socket, ...(await Promise.all(Array.from({ length: SHARING - 1 }, () => RawSocket.open(`${url}?session=${session}`))))];
  const http = RawSession.resume(url, session);
  let next = 0;
  let wrong = 0;
  // Every connection numbers its calls in the same way, so each id is in flight on several at a time.
  const onSocket = async (one: RawSocket) => {
    for (let id = 1, call = next++; call < CALLS; id++, call = next++)
      if ((await echo(one, `call ${call}`, id)) !== `call ${call}`) wrong++;
  };
  const onHttp = async () => {
    for (let call = next++; call < CALLS; call = next++) {
      const { structuredContent } = await http.call("echo", { text: `call ${call}` });
      if (structuredContent?.text !== `call ${call}`) wrong++;
    }
  };
  await Promise.all([...sockets.map(onSocket), onHttp()]);
  const left = sockets.flatMap(({ received }) => received);
  expect(`${CALLS} calls of ${SHARING} sockets and HTTP on one session are answered where they belong`, next >= CALLS && wrong === 0, {
    wrong
  });
  expect("nobody received what was not theirs", left.length === 0, left.slice(0, 3));
  for (const one of sockets) one.close();
}

async function echo(socket: RawSocket, text: string, id?: number): Promise<unknown> {
  const { result } = await socket.request("tools/call", { name: "echo", arguments: { text } }, id);
  return (result?.structuredContent as { text?: string } | undefined)?.text;
}

/** How often each object started. */
async function bootsIn(stateDir: string): Promise<number[]> {
  return (await objectFilesIn(stateDir)).map((path) => {
    using database = new DatabaseSync(path, { readOnly: true });
    return Number(database.prepare("SELECT count(*) AS count FROM boots").get()?.count);
  });
}

function tally(boots: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const count of boots) counts[count] = (counts[count] ?? 0) + 1;
  return counts;
}

await runCheck(sleepsAndKeepsApart);
