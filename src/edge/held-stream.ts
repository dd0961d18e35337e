import { DEFAULTS } from "../config.ts";

/** How much may wait for a client that does not read, bytes: all that is kept of a stream comes at once, at up to three bytes a character. */
const QUEUE_BYTES = 3 * DEFAULTS.stream.kept.length + 1024 * 1024;

/** How a stream begins, and what it says while there is nothing to say. */
export interface HeldStreamOptions {
  /** Headers leave with the first byte. */
  readonly greeting: string;
  /** How often a comment shows that the stream is open, milliseconds; never if absent. */
  readonly keepAliveMs?: number;
  /** Aborted when the client goes away: a stream that is silent would not notice. */
  readonly signal?: AbortSignal;
}

/**
 * Answers with a stream of events that the Worker holds; the object holds the other end of the socket, which hibernates and brings
 * finished text. So an open stream costs the object nothing while it is silent.
 */
export function holdStream(socket: WebSocket, options: HeldStreamOptions): Response {
  const headers = { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" };
  return new Response(toBody(socket, options), { headers });
}

function toBody(socket: WebSocket, { greeting, keepAliveMs, signal }: HeldStreamOptions): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let heart: ReturnType<typeof setInterval> | undefined;
  let isOver = false;
  /** Lets go of the object, once; what it sends after that is dropped. */
  const leave = (code: number, reason: string) => {
    if (isOver) return;
    isOver = true;
    clearInterval(heart);
    socket.close(code, reason);
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const send = (text: string) => {
          if (isOver) return;
          controller.enqueue(encoder.encode(text));
          if ((controller.desiredSize ?? 0) >= 0) return;
          leave(1013, "the client does not read");
          controller.error(new Error("The client does not read."));
        };
        socket.addEventListener("message", ({ data }) => send(String(data)));
        socket.addEventListener("close", () => {
          if (isOver) return;
          leave(1000, "the stream has ended");
          controller.close();
        });
        signal?.addEventListener("abort", () => leave(1000, "the client has gone"));
        send(greeting);
        if (keepAliveMs !== undefined) heart = setInterval(() => send(": open\n\n"), keepAliveMs);
        socket.accept();
        if (signal?.aborted) leave(1000, "the client has gone"); // before anybody listened
      },
      cancel: () => leave(1000, "the client has gone")
    },
    new ByteLengthQueuingStrategy({ highWaterMark: QUEUE_BYTES })
  );
}
