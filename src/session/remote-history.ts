import type { Asker, HomeDoor } from "../mcp/doors/home-door.ts";
import { fromRefusal } from "../mcp/doors/refusal.ts";
import type { History } from "../mcp/history.ts";

/** The history of a principal, asked of its home by one of its sessions, which ships its own calls first. */
export function createRemoteHistory(home: HomeDoor, asker: Asker, shipFirst: () => Promise<void>): History {
  const ask = async <M extends keyof History>(method: M, argument: Parameters<History[M]>[0]): Promise<Awaited<ReturnType<History[M]>>> => {
    await shipFirst();
    const answer = await home.askHistory(asker, method, argument);
    if ("refused" in answer) throw fromRefusal(answer);
    return answer.value as Awaited<ReturnType<History[M]>>; // home answers the very method
  };
  return {
    list: (query) => ask("list", query),
    get: (handle) => ask("get", handle),
    watch: (watch) => ask("watch", watch),
    stop: (handle) => ask("stop", handle),
    summarize: (filter) => ask("summarize", filter),
    delete: (selection) => ask("delete", selection),
    sessions: (limit) => ask("sessions", limit),
    endSession: (session) => ask("endSession", session),
    usage: (sinceMs) => ask("usage", sinceMs)
  };
}
