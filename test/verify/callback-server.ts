import { type LocalServer, startLocalServer } from "../../scripts/upstreams/local-server.ts";

/** Where a client on this computer is called back. */
export interface CallbackServer extends Pick<LocalServer, "close"> {
  /** What a client registers. */
  readonly redirectUri: string;
  /** What browsers were sent back with since the last time that somebody asked. */
  take(): URLSearchParams[];
}

/** Listens on a free port of 127.0.0.1. */
export async function startCallbackServer(): Promise<CallbackServer> {
  let arrived: URLSearchParams[] = [];
  const server = await startLocalServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
    if (pathname !== PATH) return void response.writeHead(204).end();
    arrived.push(searchParams);
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Back</title><p>You can close this page.");
  });
  return {
    redirectUri: server.url + PATH,
    take() {
      const taken = arrived;
      arrived = [];
      return taken;
    },
    close: server.close
  };
}

const PATH = "/callback";
