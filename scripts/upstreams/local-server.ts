import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A server on 127.0.0.1; `url` has no trailing slash. */
export interface LocalServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Answers one request; what it throws becomes a 500. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** Listens on 127.0.0.1, never on other interfaces; port 0 takes a free one. */
export async function startLocalServer(handle: Handler, port = 0): Promise<LocalServer> {
  const server = createServer(async (request, response) => {
    try {
      await handle(request, response);
    } catch (cause) {
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { message: String(cause) });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  // A TCP server has an AddressInfo; node's type also covers pipes.
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      })
  };
}

/** Answers with JSON, in UTF-8. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(body));
}
