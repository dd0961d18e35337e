import type { Message } from "../mcp/protocol/json-rpc.ts";

/** Where the messages that belong to one request of a client go. */
export interface ReplyPort {
  /** Where the request came from: another origin may use the same ids, and cancels none of this one's. */
  readonly origin: string;
  /** The client has gone, as far as the wire can tell. */
  readonly isLeft: boolean;
  /** @param isFinal the message answers the request; none follows. */
  send(message: Message, isFinal: boolean): void;
  /** The request was cancelled: it is never answered. */
  cancel(): void;
  /** Closes the stream of the request's messages, whose client will come back for the rest. */
  closeStream(): void;
}
