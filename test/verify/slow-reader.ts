import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MCP_HEADERS, RawSession } from "../support/session.ts";
import { startFixture } from "./fixture-worker.ts";
import { type Expect, runCheck } from "./run-check.ts";

// Clients that ask for a lot and read nothing: what workerd holds for them has a bound, their calls complete, and their neighbours
// are served. The control is the same Worker without the bound, which must be seen to hold it all.

const READERS = 4;
const MESSAGES = 400;
const SIZE_BYTES = 256 * 1024;
const MIB = 1024 * 1024;
/** What all of them were sent, and far more than a bound of some MiB each. */
const FLOOD_MIB = (READERS * MESSAGES * SIZE_BYTES) / MIB;
const BOUND_MIB = FLOOD_MIB / 2;

async function holdsABound(expect: Expect): Promise<void> {
  for (const [wire, ask] of [
    ["HTTP", postAndNeverRead],
    ["WebSocket", openAndNeverRead]
  ] as const) {
    const bounded = await floodOnce("writes-worker.ts", ask);
    const boundless = await floodOnce("boundless-worker.ts", ask);
    const about = `of ${FLOOD_MIB} MiB that nobody reads`;
    expect(`${wire}: workerd grows by less than half ${about}`, bounded.grownMib < BOUND_MIB, `${bounded.grownMib} MiB`);
    expect(`${wire}: a neighbour is served meanwhile`, bounded.isNeighbourServed);
    expect(`${wire}: the calls complete all the same`, bounded.completed === READERS, bounded.completed);
    expect(
      `${wire}: the control, without a bound, grows by more than half ${about}`,
      boundless.grownMib > BOUND_MIB,
      `${boundless.grownMib} MiB`
    );
  }
}

type AskAndNeverRead = (url: string, sessionId: string) => Socket;

async function floodOnce(main: string, ask: AskAndNeverRead): Promise<{ grownMib: number; isNeighbourServed: boolean; completed: number }> {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-slow-"));
  const sockets: Socket[] = [];
  const worker = await startFixture(main, stateDir);
  try {
    const url = `${worker.url}/mcp`;
    const neighbour = await RawSession.begin(url);
    await neighbour.call("echo", { text: "warm" });
    const beforeMib = await residentMib(worker.pid);
    const sessions = await Promise.all(Array.from({ length: READERS }, () => RawSession.begin(url)));
    for (const session of sessions) sockets.push(ask(worker.url, session.id));
    let peakMib = beforeMib;
    let completed = 0;
    let isNeighbourServed = true;
    for (let waited = 0; waited < 120 && completed < READERS; waited++) {
      await sleep(250);
      peakMib = Math.max(peakMib, await residentMib(worker.pid));
      isNeighbourServed &&= !(await neighbour.call("echo", { text: String(waited) })).isError;
      const outcomes = await Promise.all(sessions.map((session) => outcomeOf(session)));
      completed = outcomes.filter((outcome) => outcome === "ok").length;
    }
    return { grownMib: Math.round(peakMib - beforeMib), isNeighbourServed, completed };
  } finally {
    await worker.stop();
    for (const socket of sockets) socket.destroy();
    await rm(stateDir, { recursive: true, force: true });
  }
}

const CALL = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "flood", arguments: { messages: MESSAGES, sizeBytes: SIZE_BYTES }, _meta: { progressToken: 1 } }
});

function postAndNeverRead(url: string, sessionId: string): Socket {
  const { host } = new URL(url);
  const headers = { ...MCP_HEADERS, host, "mcp-session-id": sessionId, "content-length": String(CALL.length) };
  const socket = connectAndPause(url);
  socket.write(toHead("POST", headers) + CALL);
  return socket;
}

function openAndNeverRead(url: string, sessionId: string): Socket {
  const { host } = new URL(url);
  const upgrade = { host, upgrade: "websocket", connection: "Upgrade", "sec-websocket-version": "13" };
  const names = { "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==", "sec-websocket-protocol": "mcp", "mcp-session-id": sessionId };
  const socket = connectAndPause(url);
  socket.write(toHead("GET", { ...upgrade, ...names }));
  setTimeout(() => socket.write(toFrame(CALL)), 500); // the answer to the upgrade is not read either
  return socket;
}

function connectAndPause(url: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {}); // workerd may give it up
  return socket.pause();
}

function toHead(method: string, headers: Record<string, string>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} /mcp HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** A masked text frame of 126 to 65,535 bytes, whose mask of zeros changes nothing: https://www.rfc-editor.org/rfc/rfc6455#section-5.2 */
function toFrame(text: string): Buffer {
  const head = Buffer.from([0x81, 0x80 | 126, text.length >> 8, text.length & 0xff, 0, 0, 0, 0]);
  return Buffer.concat([head, Buffer.from(text)]);
}

async function outcomeOf(session: RawSession): Promise<string | undefined> {
  const { structuredContent } = await session.call("list_calls", { session: "this", tool: "flood" });
  const [call] = (structuredContent?.calls ?? []) as { outcome: string }[];
  return call?.outcome;
}

async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}

await runCheck(holdsABound);
