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

/** One keep-alive connection of HTTP/1.1, one request at a time. It does as little as it can: server and client share the cores. */
export class HttpConnection {
  readonly #socket: Socket;
  #received = "";
  #waiting: Waiting | undefined;
  #failure: Error | undefined;

  private constructor(port: number) {
    const buffer = Buffer.allocUnsafe(16 * 1024);
    this.#socket = connect({
      host: "127.0.0.1",
      port,
      noDelay: true,
      onread: {
        buffer,
        callback: (sizeBytes) => {
          this.#received += buffer.toString("latin1", 0, sizeBytes);
          this.#deliver();
          return true;
        }
      }
    });
    this.#socket.setTimeout(SILENCE_MS, () => {
      // A connection may idle while other lanes run.
      if (this.#waiting) this.#fail(new Error(`No answer in ${SILENCE_MS / 1000} s.`));
    });
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("The server closed the connection.")));
  }

  static async open(port: number): Promise<HttpConnection> {
    const connection = new HttpConnection(port);
    await new Promise<void>((resolve, reject) => connection.#socket.once("connect", resolve).once("error", reject));
    return connection;
  }

  /** Sends a whole request, in ASCII, and waits for its whole answer. */
  send(request: string): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#waiting = { resolve, reject };
      this.#socket.write(request, "latin1");
    });
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #deliver(): void {
    const answer = readAnswer(this.#received);
    if (!answer) return;
    const waiting = this.#waiting;
    this.#received = "";
    this.#waiting = undefined;
    waiting?.resolve(answer);
  }

  #fail(error: Error): void {
    const waiting = this.#waiting;
    this.#failure ??= error;
    this.#waiting = undefined;
    this.#socket.destroy();
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
