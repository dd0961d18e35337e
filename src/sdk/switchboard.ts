import type { Transport, TransportSendOptions } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import type { CatalogSlice } from "../mcp/catalog.ts";
import { isRequest, isResponse, type Message, type Notification, type Request, type RequestId, type Response } from "../mcp/json-rpc.ts";
import type { Principal } from "../mcp/principal.ts";

/** Where the messages that belong to one request of a client go. */
export interface ReplyPort {
  /** @param isFinal the message answers the request; none follows. */
  send(message: Message, isFinal: boolean): void;
  /** The request was cancelled: it is never answered. */
  cancel(): void;
  /** Closes the stream of the request's messages, whose client will come back for the rest. */
  closeStream(): void;
}

/** Who made a request, and what of the catalog it addresses. */
export interface RequestScope {
  readonly principal: Principal;
  readonly slice: CatalogSlice;
}

interface Pending {
  readonly clientId: RequestId;
  readonly replies: ReplyPort;
}

/**
 * The SDK's transport for a whole session. Many posts, later many sockets, share one SDK server; each numbers its requests as
 * it likes, so ids are rewritten on the way in and back on the way out.
 */
export class Switchboard implements Transport {
  onmessage?: Transport["onmessage"];
  onclose?: () => void;
  onerror?: (error: Error) => void;
  readonly #pending = new Map<RequestId, Pending>();
  /** The SDK numbers its requests to the client from 0 again when the object wakes: a reply to an earlier one must not pass for a new one's. */
  readonly #incarnation = crypto.randomUUID().slice(0, 8);
  #lastId = 0;

  async start(): Promise<void> {}

  async close(): Promise<void> {
    this.onclose?.();
  }

  /** Hands a request to the server; all that belongs to it goes to `replies`. */
  request(request: Request, scope: RequestScope | undefined, replies: ReplyPort): void {
    const id = ++this.#lastId;
    this.#pending.set(id, { clientId: request.id, replies });
    this.#receive({ ...request, id, ...(request.params && { params: withoutTask(request.params) }) }, scope);
  }

  /** Hands a notification to the server. A cancelled request is ended here: the SDK never answers it. */
  notify(notification: Notification): void {
    if (notification.method === "notifications/cancelled") this.#cancel(notification);
    else this.#receive(notification, undefined);
  }

  /** Hands the client's answer to one of our requests to the server; one to an earlier incarnation's is dropped. */
  answer(response: Response): void {
    const [incarnation, id] = String(response.id).split(":");
    if (incarnation === this.#incarnation) this.#receive({ ...response, id: Number(id) }, undefined);
  }

  /** Closes the stream of a request that the server is working on. */
  closeStream(id: RequestId): void {
    this.#pending.get(id)?.replies.closeStream();
  }

  async send(sent: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    const message = sent as Message; // the SDK's type of the same thing
    if (isResponse(message)) {
      const pending = this.#pending.get(message.id);
      this.#pending.delete(message.id);
      pending?.replies.send({ ...message, id: pending.clientId }, true);
    } else if (options?.relatedRequestId !== undefined) {
      this.#pending.get(options.relatedRequestId)?.replies.send(this.#toOuter(message), false);
    }
  }

  /** Our own requests, and what is said of them, carry the incarnation outside. */
  #toOuter(message: Request | Notification): Message {
    if (isRequest(message)) return { ...message, id: `${this.#incarnation}:${message.id}` };
    if (message.method !== "notifications/cancelled") return message;
    return { ...message, params: { ...message.params, requestId: `${this.#incarnation}:${message.params?.requestId}` } };
  }

  #cancel(notification: Notification): void {
    for (const [id, { clientId, replies }] of this.#pending) {
      if (clientId !== notification.params?.requestId) continue;
      this.#pending.delete(id);
      this.#receive({ ...notification, params: { ...notification.params, requestId: id } }, undefined);
      replies.cancel();
    }
  }

  #receive(message: Message, scope: RequestScope | undefined): void {
    // The SDK carries authInfo through to the handler untouched; the scope travels in it.
    this.onmessage?.(message as JSONRPCMessage, scope && { authInfo: toAuthInfo(scope) });
  }
}

/** SDK v1 refuses a request for a task with an internal error; tasks are not of this era, so the wish is dropped. */
function withoutTask<P extends { task?: unknown }>(params: P): Omit<P, "task"> {
  if (!("task" in params)) return params;
  const { task: _, ...rest } = params;
  return rest;
}

function toAuthInfo(scope: RequestScope) {
  return { token: "", clientId: scope.principal.clientId, scopes: [...scope.principal.scopes], extra: { scope } };
}

/** Reads the scope that travelled through the SDK. */
export function scopeOf(extra: { authInfo?: { extra?: Record<string, unknown> } | undefined }): RequestScope {
  return extra.authInfo?.extra?.scope as RequestScope; // put there by toAuthInfo, for every request of a client
}
