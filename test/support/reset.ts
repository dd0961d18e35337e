import { request } from "node:http";

/** A request whose client can break off: local workerd notices a reset, and not the half of a close that fetch sends. */
export interface Breakable {
  /** The status and the beginning of the answer, as soon as there is one. Nothing more is read. */
  readonly begun: Promise<{ readonly status: number; readonly text: string }>;
  /** Breaks the connection. */
  reset(): void;
}

/** Sends a POST over a connection of its own. */
export function postBreakable(url: string, headers: Record<string, string>, body: object): Breakable {
  const sent = request(url, { method: "POST", headers, agent: false });
  const begun = new Promise<{ status: number; text: string }>((resolve) => {
    sent.on("error", () => {}); // that of the reset
    sent.on("response", (response) => {
      response.on("error", () => {});
      response.once("data", (chunk) => {
        response.pause();
        resolve({ status: response.statusCode ?? 0, text: String(chunk) });
      });
    });
  });
  sent.end(JSON.stringify(body));
  return { begun, reset: () => sent.socket?.resetAndDestroy() };
}
