import type { StreamReaders } from "./http-lane.ts";

/** The readers of streams, as sockets that hibernate with their object. */
export function createReaders(ctx: DurableObjectState): StreamReaders {
  return {
    of: (stream) => ctx.getWebSockets(tagOf(stream)),
    accept(stream) {
      const { 0: client, 1: server } = new WebSocketPair();
      ctx.acceptWebSocket(server, [tagOf(stream)]);
      return { socket: server, response: new Response(null, { status: 101, webSocket: client }) };
    }
  };
}

const tagOf = (stream: string): string => `stream:${stream}`;

/** Answers the close of a socket. Some codes say that there was none, and may not be sent: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
export function closeBack(socket: WebSocket, code: number): void {
  socket.close(UNSENDABLE_CODES.has(code) ? 1000 : code);
}

const UNSENDABLE_CODES = new Set([1004, 1005, 1006, 1015]);
