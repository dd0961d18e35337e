import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { MCP_HEADERS, RawSession } from "../support/session.ts";
import { startFixture } from "./fixture-worker.ts";
import { objectFilesIn } from "./object-files.ts";
import { type Expect, runCheck } from "./run-check.ts";

// A thousand sessions that call nothing leave nothing of ours on the disk, nor a home for their principal, and an id that is not
// ours leaves no object at all. What is looked at are the database files of the runtime. The control is a session that calls: its
// table must be seen, and its principal's home.

const SESSIONS = 1000;
const WRONG_IDS = 100;
/** A session ships its calls 5 s after the first. */
const SHIPPED_MS = 7000;

async function storesNothing(expect: Expect): Promise<void> {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-storage-"));
  try {
    const worker = await startFixture("writes-worker.ts", stateDir);
    const url = `${worker.url}/mcp`;
    for (let i = 0; i < SESSIONS; i++) await listOnce(await RawSession.begin(url));
    const listed = (await objectFilesIn(stateDir)).length;
    const statuses = new Set<number>();
    for (let i = 0; i < WRONG_IDS; i++)
      for (const method of ["POST", "GET", "DELETE"]) statuses.add(await askWith(url, method, crypto.randomUUID()));
    const afterWrong = (await objectFilesIn(stateDir)).length;
    const homesBefore = (await objectFilesIn(stateDir, "Home")).length;
    const caller = await RawSession.begin(url);
    await caller.call("echo", { text: "control" });
    await sleep(SHIPPED_MS);
    await worker.stop();

    expect("every id that is not ours was refused as not found", statuses.size === 1 && statuses.has(404), [...statuses]);
    expect("none of them made an object", afterWrong === listed, { listed, afterWrong });
    const tables = (await objectFilesIn(stateDir)).map(tablesOf);
    const ours = tables.filter((names) => names.length > 0);
    expect(`of ${tables.length} objects only the one that called has stored something`, ours.length === 1, ours.slice(0, 5));
    expect("the control is seen: that one has the table of calls", ours[0]?.includes("calls") ?? false, ours[0]);
    const homes = (await objectFilesIn(stateDir, "Home")).map(tablesOf);
    expect("nothing of this made a home, until the control shipped its call", homesBefore === 0 && homes.length === 1, homes);
    expect("the control is seen there, too", homes[0]?.includes("home_calls") ?? false, homes[0]);
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}

async function listOnce(session: RawSession): Promise<void> {
  const [answer] = await session.request("tools/list");
  if (!answer?.result) throw new Error(`tools/list answered ${JSON.stringify(answer)}`);
}

async function askWith(url: string, method: string, id: string): Promise<number> {
  const body = method === "POST" ? { body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }) } : {};
  const response = await fetch(url, { method, headers: { ...MCP_HEADERS, "mcp-session-id": id }, ...body });
  await response.arrayBuffer();
  return response.status;
}

/** The tables and keys that are ours: the runtime notes an object's name and its alarm for itself. */
function tablesOf(path: string): string[] {
  using database = new DatabaseSync(path);
  const names = database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
    .all()
    .map(({ name }) => String(name));
  const keys = names.includes("_cf_KV")
    ? database
        .prepare("SELECT key FROM _cf_KV")
        .all()
        .map(({ key }) => `key ${key}`)
    : [];
  return [
    ...names.filter((name) => !name.startsWith("_cf_") && !name.startsWith("__miniflare")),
    ...keys.filter((key) => !key.includes("__miniflare"))
  ];
}

await runCheck(storesNothing);
