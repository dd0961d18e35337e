import { createEdge } from "../../src/edge/edge.ts";
import { createCatalog } from "../../src/mcp/catalog.ts";
import { homeNameOf } from "../../src/mcp/doors/home-name.ts";
import type { Call } from "../../src/mcp/history.ts";
import { nextCallNumber } from "../../src/mcp/signed/call-number.ts";
import { homeOf } from "../../src/session/home/home.ts";
import { sessionAgentOf } from "../../src/session/session-agent.ts";
import { HomeCalls } from "../../src/stores/home-calls.ts";
import { HomeRecord } from "../../src/stores/home-record.ts";
import { getCall } from "../../src/tools/history/get-call.ts";
import { getUsage } from "../../src/tools/history/get-usage.ts";
import { listCalls } from "../../src/tools/history/list-calls.ts";
import { summarizeActivity } from "../../src/tools/history/summarize-activity.ts";
import { echo } from "./echo.ts";

const catalog = createCatalog({
  info: { name: "bench", title: "Bench", version: "1.0.0" },
  instructions: "",
  tools: [echo, listCalls, getCall, getUsage, summarizeActivity],
  prompts: [],
  resources: []
});

const DAY_MS = 24 * 60 * 60 * 1000;
const TOOLS = ["search_repositories", "get_repository", "get_weather", "list_calls", "echo"];
const SESSIONS = 20;
/** As many calls are of the last day, however many there are. */
const RECENT = 10;

export class SessionAgent extends sessionAgentOf(catalog) {}

/** The object of a principal, which can be given a past. */
export class Home extends homeOf(SessionAgent) {
  /** Records calls of the last 30 days, as sessions ship them. They end an hour before now. */
  fill(count: number, nowMs: number): Promise<void> {
    const record = new HomeRecord(this.ctx.storage, () => {});
    const calls = new HomeCalls(this.ctx.storage, record, "bench000");
    this.ctx.storage.transactionSync(() => {
      let seq = 0;
      for (let index = 0; index < count; index++) {
        const startedMs = startOf(index, count, nowMs);
        seq = nextCallNumber(seq, startedMs);
        calls.take(`past${String(index % SESSIONS).padStart(4, "0")}`, [toPast(index, seq, startedMs)], 0);
      }
    });
    return Promise.resolve();
  }

  /** Forgets what was recorded since, so that each round finds as many rows as the one before. */
  forget(sinceMs: number): Promise<void> {
    this.ctx.storage.sql.exec("DELETE FROM home_calls WHERE seq >= ?", nextCallNumber(0, sinceMs));
    return Promise.resolve();
  }
}

/** The last few within a day, the others evenly over the 29 days before. */
function startOf(index: number, count: number, nowMs: number): number {
  const old = count - RECENT;
  if (index >= old) return nowMs - DAY_MS / 2 + (index - old) * 60_000;
  return Math.floor(nowMs - 30 * DAY_MS + (index * 28.5 * DAY_MS) / old);
}

const toPast = (index: number, seq: number, startedMs: number): Call => ({
  seq,
  startedMs,
  tool: TOOLS[index % TOOLS.length] ?? "",
  outcome: index % 7 === 0 ? "error" : "ok",
  durationMs: index % 900,
  era: "sessionful",
  client: "bench/1.0.0",
  trace: undefined,
  arguments: `{"text":"The dormouse sleeps through call ${index}."}`,
  preview: `The dormouse sleeps through call ${index}.`,
  error: undefined
});

const edge = createEdge(catalog);

export default {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/fill" && pathname !== "/forget") return edge.fetch(request, env, ctx);
    // The generated type of the binding names the class of src/.
    const home = env.HOME.get(env.HOME.idFromName(`home:${homeNameOf(searchParams.get("principal") ?? "")}`)) as unknown as Home;
    const atMs = Number(searchParams.get("atMs"));
    await (pathname === "/fill" ? home.fill(Number(searchParams.get("calls")), atMs) : home.forget(atMs));
    return new Response(null, { status: 204 });
  }
} satisfies ExportedHandler<Env>;
