import { checkAnswer, type Lane, type Session, toCall } from "./lane.ts";

/** Dormouse over a WebSocket: the same Worker, a socket for each connection. */
export const socket: Lane = {
  name: "socket",
  about: "src/ as in dormouse, over a WebSocket with a session of its own",
  isOurs: true,
  main: "bench/workers/dormouse-worker.ts",
  open: openSocket
};

async function openSocket(port: number): Promise<Session> {
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}/mcp`, "mcp");
  await new Promise<void>((resolve, reject) => {
    webSocket.addEventListener("open", () => resolve());
    webSocket.addEventListener("error", () => reject(new Error("The socket did not open.")));
  });
  let settle: { resolve(frame: string): void; reject(error: Error): void } | undefined;
  webSocket.addEventListener("message", ({ data }) => settle?.resolve(String(data)));
  webSocket.addEventListener("close", () => settle?.reject(new Error("The socket closed.")));
  const exchange = (frame: string) =>
    new Promise<string>((resolve, reject) => {
      settle = { resolve, reject };
      webSocket.send(frame);
    });
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1.0.0" } };
  await exchange(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params }));
  return {
    call: async (id) => checkAnswer(await exchange(toCall(id)), id),
    close: () => webSocket.close()
  };
}
