import { DEFAULTS } from "../config.ts";

/** How much may wait for a client that does not read, bytes: all that is kept of a stream comes at once, at up to three bytes a character. */
const QUEUE_BYTES = 3 * DEFAULTS.stream.kept.length + 1024 * 1024;

/** How a stream begins, and what it says while there is nothing to say. */
export interface HeldStreamOptions {
  /** Headers leave with the first byte. */
  readonly greeting: string;
  /** How often a comment shows that the stream is open, milliseconds; never if absent. */
  readonly keepAliveMs?: number;
  /** Whether the credentials that opened it still are good: asked before something is sent, once in `checkMs` at most. */
  readonly isStillGood?: () => Promise<boolean>;
  /** Milliseconds. */
  readonly checkMs?: number;
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

function toBody(socket: WebSocket, options: HeldStreamOptions): ReadableStream<Uint8Array> {
  const { greeting, keepAliveMs, isStillGood, checkMs = DEFAULTS.credentialCacheMs, signal } = options;
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
        const end = (reason: string) => {
          if (isOver) return;
          leave(1000, reason);
          controller.close();
        };
        const guard = createGuard({ send, end: () => end("the credentials are no longer valid"), isStillGood, checkMs });
        socket.addEventListener("message", ({ data }) => guard.bring(String(data)));
        socket.addEventListener("close", () => guard.afterwards(() => end("the stream has ended")));
        signal?.addEventListener("abort", () => leave(1000, "the client has gone"));
        send(greeting);
        if (keepAliveMs !== undefined) heart = setInterval(() => guard.bring(": open\n\n"), keepAliveMs);
        socket.accept();
        if (signal?.aborted) leave(1000, "the client has gone"); // before anybody listened
      },
      cancel: () => leave(1000, "the client has gone")
    },
    new ByteLengthQueuingStrategy({ highWaterMark: QUEUE_BYTES })
  );
}

interface GuardOptions {
  send(text: string): void;
  /** The credentials are not good any more, or nobody can tell: the client may come back with others. */
  end(): void;
  readonly isStillGood: (() => Promise<boolean>) | undefined;
  readonly checkMs: number;
}

/** Lets through what comes, in its order, while the credentials are good. */
function createGuard({ send, end, isStillGood, checkMs }: GuardOptions) {
  let checkedMs = Date.now();
  let look: Promise<void> | undefined;
  const held: string[] = [];
  let heldLength = 0;
  const release = (isGood: boolean) => {
    checkedMs = Date.now();
    look = undefined;
    heldLength = 0;
    if (isGood) for (const text of held.splice(0)) send(text);
    else end();
  };
  return {
    bring(text: string): void {
      const isKnown = !isStillGood || Date.now() - checkedMs < checkMs;
      if (!look && isKnown) {
        send(text);
        return;
      }
      heldLength += text.length;
      held.push(text);
      if (heldLength > QUEUE_BYTES)
        release(false); // a look that does not end must not fill the memory
      else look ??= isStillGood?.().then(release, () => release(false));
    },
    /** Runs once what has come is through. */
    afterwards(act: () => void): void {
      if (look) void look.then(act);
      else act();
    }
  };
}
