import { setTimeout as sleep } from "node:timers/promises";
import { type LocalServer, startLocalServer } from "../../scripts/upstreams/local-server.ts";

/** Stands before an upstream that is faster than a kill. */
export interface SlowProxy extends LocalServer {
  /** The paths of the GETs that were seen, in order. */
  readonly seen: readonly string[];
  /** How many wait for their answer. */
  inFlight(): number;
}

/** Passes each GET on after a while. */
export async function startSlowProxy(upstreamUrl: string, delayMs: number): Promise<SlowProxy> {
  const seen: string[] = [];
  let inFlight = 0;
  const server = await startLocalServer(async ({ url = "/", headers: { authorization } }, response) => {
    seen.push(url);
    inFlight++;
    response.once("close", () => inFlight--);
    await sleep(delayMs);
    const answer = await fetch(`${upstreamUrl}${url}`, { headers: authorization === undefined ? {} : { authorization } });
    const type = answer.headers.get("content-type") ?? "application/json";
    response.writeHead(answer.status, { "content-type": type }).end(Buffer.from(await answer.arrayBuffer()));
  });
  return { ...server, seen, inFlight: () => inFlight };
}
