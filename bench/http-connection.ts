import { connect, type Socket } from "node:net";

/** An answer; its body is whole and out of its chunks. */
export interface HttpAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

interface Waiting {
  resolve(answer: HttpAnswer): void;
  reject(error: Error): void;
}

/** Nobody waits this long for a trivial call: a server that does not answer ends the bench. */
const SILENCE_MS = 10_000;
/** workerd closes a connection that was silent for five seconds; one that is about to be closed loses the request. */
const MAX_IDLE_MS = 2000;

/**
 * One keep-alive connection of HTTP/1.1, one request at a time. It does as little as it can: server and client share the cores.
 * Connections idle while other lanes run; the first request after that opens a fresh one.
 */
export class HttpConnection {
  readonly #port: number;
  readonly #buffer = Buffer.allocUnsafe(16 * 1024);
  #socket: Socket | undefined;
  #usedMs = 0;
  #received = "";
  #waiting: Waiting | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** Sends a whole request, in ASCII, and waits for its whole answer. */
  send(request: string): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#fresh().write(request, "latin1");
    });
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket?.destroy();
  }

  #fresh(): Socket {
    const nowMs = performance.now();
    if (this.#socket && nowMs - this.#usedMs > MAX_IDLE_MS) {
      this.#socket.destroy();
      this.#socket = undefined;
    }
    this.#usedMs = nowMs;
    this.#socket ??= this.#connect();
    return this.#socket;
  }

  #connect(): Socket {
    const onread = { buffer: this.#buffer, callback: (sizeBytes: number) => this.#receive(sizeBytes) };
    const socket = connect({ host: "127.0.0.1", port: this.#port, noDelay: true, onread });
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error(`Nothing was heard for ${SILENCE_MS / 1000} s.`)));
    socket.on("error", (error) => this.#end(socket, error));
    socket.on("close", () => this.#end(socket, new Error("The server closed the connection before it answered.")));
    return socket;
  }

  #receive(sizeBytes: number): boolean {
    this.#received += this.#buffer.toString("latin1", 0, sizeBytes);
    const answer = readAnswer(this.#received);
    if (answer) {
      const waiting = this.#waiting;
      this.#received = "";
      this.#waiting = undefined;
      waiting?.resolve(answer);
    }
    return true;
  }

  #end(socket: Socket, error: Error): void {
    if (socket !== this.#socket) return;
    const waiting = this.#waiting;
    this.#socket = undefined;
    this.#received = "";
    this.#waiting = undefined;
    waiting?.reject(error);
  }
}

/** Reads an answer, `undefined` while it is incomplete. Nothing follows it: there is one request at a time. */
function readAnswer(received: string): HttpAnswer | undefined {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const head = received.slice(0, headEnd);
  const body = readBody(head, received.slice(headEnd + 4));
  return body === undefined ? undefined : { status: Number(head.slice(9, 12)), head, body };
}

function readBody(head: string, rest: string): string | undefined {
  const declared = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (declared !== undefined) return rest.length < Number(declared) ? undefined : rest;
  return /^transfer-encoding: *chunked/im.test(head) ? readChunks(rest) : "";
}

function readChunks(rest: string): string | undefined {
  let body = "";
  let offset = 0;
  for (;;) {
    const lineEnd = rest.indexOf("\r\n", offset);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(rest.slice(offset, lineEnd), 16);
    const end = lineEnd + 2 + size;
    if (rest.length < end + 2) return undefined;
    if (size === 0) return body;
    body += rest.slice(lineEnd + 2, end);
    offset = end + 2;
  }
}
