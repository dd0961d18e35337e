import type { JsonObject } from "../lib/json.ts";
import type { RequestId, RpcErrorBody } from "../mcp/protocol/json-rpc.ts";
import type { ReplyPort } from "./reply-port.ts";

/** A request of the client that is being served. */
export class PendingRequest {
  /** Ours: clients may use one id twice at a time, on two posts. */
  readonly id: number;
  readonly clientId: RequestId;
  readonly replies: ReplyPort;
  readonly #listeners = new Set<() => void>();
  #isCancelled = false;
  #isAnswered = false;
  #controller: AbortController | undefined;

  constructor(id: number, clientId: RequestId, replies: ReplyPort) {
    this.id = id;
    this.clientId = clientId;
    this.replies = replies;
  }

  /** Sends a notification that belongs to the request, unless it is over: a tool that was left may run on. */
  notify(method: string, params: JsonObject): void {
    if (this.#isOpen) this.replies.send({ jsonrpc: "2.0", method, params }, false);
  }

  /** Closes the stream of the request's messages, unless it is over. */
  closeStream(): void {
    if (this.#isOpen) this.replies.closeStream();
  }

  /** Sends what answers the request, unless it is over. Nothing follows it. */
  answer(outcome: { result: JsonObject } | { error: RpcErrorBody }): void {
    if (!this.#isOpen) return;
    this.#isAnswered = true;
    this.replies.send({ jsonrpc: "2.0", id: this.clientId, ...outcome }, true);
  }

  /** Runs once when the client cancels, at once if it has. Returns what takes it back. */
  onCancel(listener: () => void): () => void {
    if (this.#isCancelled) listener();
    else this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The same as a signal. Made when it is first asked for: most requests are served before anything could abort them. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = new AbortController();
      this.#controller = controller;
      this.onCancel(() => controller.abort());
    }
    return this.#controller.signal;
  }

  /** Whether nobody is there to be answered. */
  get isLeft(): boolean {
    return this.#isCancelled || this.replies.isLeft;
  }

  get #isOpen(): boolean {
    return !this.#isCancelled && !this.#isAnswered;
  }

  /** The request is never answered, unless it was. */
  cancel(): void {
    if (!this.#isOpen) return;
    this.#isCancelled = true;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
    this.replies.cancel();
  }
}
