import type { Asker, HomeDoor } from "../mcp/doors/home-door.ts";
import { fromRefusal } from "../mcp/doors/refusal.ts";
import { ToolError } from "../mcp/errors.ts";
import type { ResultKeeper } from "../mcp/results.ts";

/** The results of a principal, asked of its home by one of its sessions. */
export function createRemoteResults(home: () => HomeDoor, asker: Asker): ResultKeeper {
  const ask = async <M extends keyof ResultKeeper>(
    method: M,
    ...args: Parameters<ResultKeeper[M]>
  ): Promise<Awaited<ReturnType<ResultKeeper[M]>>> => {
    const answer = await home().askResults(asker, method, args);
    if ("refused" in answer) throw fromRefusal(answer);
    return answer.value as Awaited<ReturnType<ResultKeeper[M]>>; // home answers the very method
  };
  return {
    open: (start) => ask("open", start),
    // A part has a number, and what is closed stays closed: done twice it is done once, so a home that was just lost is asked again.
    append: (result, part, bytes) => ask("append", result, part, bytes).catch(againUnlessRefused(() => ask("append", result, part, bytes))),
    close: (result, state) => ask("close", result, state).catch(againUnlessRefused(() => ask("close", result, state))),
    get: (result) => ask("get", result),
    read: (result, query) => ask("read", result, query),
    list: (limit, before) => ask("list", limit, before),
    remove: (result) => ask("remove", result)
  };
}

const againUnlessRefused =
  <T>(again: () => Promise<T>) =>
  (error: unknown): Promise<T> => {
    if (error instanceof ToolError) throw error;
    return again();
  };
