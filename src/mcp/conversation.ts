import type { LogLevel } from "./context.ts";

/** What a session remembers of its conversation with the client. */
export interface Conversation {
  /** The least severe level that the client's log wants. */
  readonly logLevel: LogLevel;
  setLogLevel(level: LogLevel): void;
  isSubscribed(uri: string): boolean;
  /** @throws InvalidInput if the session is subscribed to too many. */
  subscribe(uri: string): void;
  unsubscribe(uri: string): void;
}
