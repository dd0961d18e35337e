import type { Transport, TransportSendOptions } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import type { JsonObject } from "../lib/json.ts";
import type { CatalogSlice } from "../mcp/catalog.ts";
import type { Caller } from "../mcp/principal.ts";
import {
  isRequest,
  isResponse,
  type Message,
  type Notification,
  type Request,
  type RequestId,
  type Response,
  RPC_CODES,
  type RpcErrorBody
} from "../mcp/protocol/json-rpc.ts";
import { toErrorBody } from "../mcp/requests/error-body.ts";
import type { SessionInit } from "../mcp/signed/session-id.ts";
import { PendingRequest } from "./pending-request.ts";
import type { ReplyPort } from "./reply-port.ts";

/** Who made a request, and what of the catalog it addresses. */
export interface RequestScope extends Caller {
  readonly slice: CatalogSlice;
}

/** Serves one request; what it throws becomes the request's error. */
export type Serve = (request: Request, pending: PendingRequest, scope: RequestScope) => Promise<object>;

/**
 * Where the two directions of a session meet. Requests of the client are served here and not by the SDK, which would parse each
 * message three times over (docs/decisions/0004); what the server asks of the client goes through the SDK, whose transport this is.
 * Many posts, later many sockets, share one switchboard, and each numbers its requests as it likes.
 */
export class Switchboard implements Transport {
  onmessage?: Transport["onmessage"];
  onclose?: () => void;
  onerror?: (error: Error) => void;
  readonly #pending = new Map<RequestId, PendingRequest>();
  /** The SDK numbers its requests to the client from 0 again when the object wakes: a reply to an earlier one must not pass for a new one's. */
  readonly #incarnation = crypto.randomUUID().slice(0, 8);
  /** Our requests to the client that wait for their answers. */
  readonly #asked = new Set<number>();
  #lastId = 0;
  #introduced: () => void = () => {};

  async start(): Promise<void> {}

  async close(): Promise<void> {
    this.onclose?.();
  }

  /** Tells the SDK of the client what it would know from `initialize`, which went to the edge. */
  introduce({ revision, capabilities, client }: SessionInit): Promise<void> {
    return new Promise((resolve) => {
      this.#introduced = resolve;
      const params = { protocolVersion: revision, capabilities, clientInfo: client };
      this.onmessage?.({ jsonrpc: "2.0", id: "introduction", method: "initialize", params } as JSONRPCMessage);
    });
  }

  /** Serves a request of the client; all that belongs to it goes to `replies`. */
  request(request: Request, scope: RequestScope, replies: ReplyPort, serve: Serve): void {
    const pending = new PendingRequest(++this.#lastId, request.id, replies);
    this.#pending.set(pending.id, pending);
    serve(request, pending, scope).then(
      (result) => this.#settle(pending, { result: result as JsonObject }),
      (error: unknown) => this.#settle(pending, { error: toErrorBody(error) })
    );
  }

  /** Takes a notification of the client. A request that it cancels is never answered. */
  notify(notification: Notification, origin: string): void {
    if (notification.method !== "notifications/cancelled") return;
    for (const [id, pending] of this.#pending) {
      if (pending.clientId !== notification.params?.requestId || pending.replies.origin !== origin) continue;
      this.#pending.delete(id);
      pending.cancel();
    }
  }

  /** Hands the client's answer to one of our requests to the SDK; one to an earlier incarnation's is dropped. */
  answer(response: Response): void {
    const [incarnation, id] = String(response.id).split(":");
    if (incarnation !== this.#incarnation || !this.#asked.delete(Number(id))) return;
    this.onmessage?.({ ...response, id: Number(id) } as JSONRPCMessage);
  }

  /** Gives up every question to the client: nobody will answer it. */
  giveUpQuestions(): void {
    const error = { code: RPC_CODES.badSession, message: "The session was ended." };
    for (const id of [...this.#asked]) this.answer({ jsonrpc: "2.0", id: `${this.#incarnation}:${id}`, error });
  }

  /** What the SDK sends: requests to the client, and what is said of them. Its one answer is to its introduction. */
  async send(sent: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    const message = sent as Message; // the SDK's type of the same thing
    if (isResponse(message)) return this.#introduced();
    const outer = this.#toOuter(message);
    const related = options?.relatedRequestId;
    if (outer && related !== undefined) this.#pending.get(related)?.replies.send(outer, false);
  }

  #settle(pending: PendingRequest, outcome: { result: JsonObject } | { error: RpcErrorBody }): void {
    if (this.#pending.delete(pending.id)) pending.answer(outcome);
  }

  /** Our own requests carry the incarnation outside. `undefined` for what calls off a question that was answered already. */
  #toOuter(message: Request | Notification): Message | undefined {
    if (isRequest(message)) {
      this.#asked.add(Number(message.id));
      return { ...message, id: `${this.#incarnation}:${message.id}` };
    }
    if (message.method !== "notifications/cancelled") return message;
    if (!this.#asked.delete(Number(message.params?.requestId))) return undefined;
    return { ...message, params: { ...message.params, requestId: `${this.#incarnation}:${message.params?.requestId}` } };
  }
}
