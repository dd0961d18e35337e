import type { HomeDoor, RunAsker } from "../mcp/doors/home-door.ts";
import { fromRefusal } from "../mcp/doors/refusal.ts";
import type { Runs } from "../mcp/runs.ts";

/** The runs of a principal, asked of its home by one of its sessions, which ships its own calls first: home then knows the session. */
export function createRemoteRuns(home: HomeDoor, asker: RunAsker, shipFirst: () => Promise<void>): Runs {
  const ask = async <M extends keyof Runs>(method: M, ...args: Parameters<Runs[M]>): Promise<Awaited<ReturnType<Runs[M]>>> => {
    await shipFirst();
    const answer = await home.askRuns(asker, method, args);
    if ("refused" in answer) throw fromRefusal(answer);
    return answer.value as Awaited<ReturnType<Runs[M]>>; // home answers the very method
  };
  return {
    define: (definition) => ask("define", definition),
    workflows: () => ask("workflows"),
    start: (request) => ask("start", request),
    get: (run, waitMs) => ask("get", run, waitMs),
    list: (query) => ask("list", query),
    signal: (run, signal) => ask("signal", run, signal),
    cancel: (run) => ask("cancel", run),
    retry: (run) => ask("retry", run),
    remove: (run) => ask("remove", run)
  };
}
