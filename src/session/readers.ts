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
