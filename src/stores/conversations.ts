import type { LogLevel } from "../mcp/context.ts";
import type { Conversation } from "../mcp/conversation.ts";
import { InvalidInput } from "../mcp/errors.ts";

const LOG_LEVEL = "log_level";
const SUBSCRIPTIONS = "subscriptions";
const DEFAULT_LEVEL: LogLevel = "info";
const MAX_SUBSCRIPTIONS = 100;

/** The keys `log_level` and `subscriptions`, written when a client asks for other than the defaults. Only this class writes them. */
export class StoredConversation implements Conversation {
  readonly #storage: DurableObjectStorage;
  #level: LogLevel | undefined;
  #uris: Set<string> | undefined;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  get logLevel(): LogLevel {
    this.#level ??= this.#storage.kv.get<LogLevel>(LOG_LEVEL) ?? DEFAULT_LEVEL;
    return this.#level;
  }

  setLogLevel(level: LogLevel): void {
    this.#level = level;
    this.#storage.kv.put(LOG_LEVEL, level);
  }

  isSubscribed(uri: string): boolean {
    return this.#subscriptions().has(uri);
  }

  subscribe(uri: string): void {
    const uris = this.#subscriptions();
    if (uris.has(uri)) return;
    if (uris.size >= MAX_SUBSCRIPTIONS)
      throw new InvalidInput(`A session subscribes to ${MAX_SUBSCRIPTIONS} resources at most. End another first.`);
    uris.add(uri);
    this.#storage.kv.put(SUBSCRIPTIONS, [...uris]);
  }

  unsubscribe(uri: string): void {
    const uris = this.#subscriptions();
    if (uris.delete(uri)) this.#storage.kv.put(SUBSCRIPTIONS, [...uris]);
  }

  #subscriptions(): Set<string> {
    this.#uris ??= new Set(this.#storage.kv.get<string[]>(SUBSCRIPTIONS));
    return this.#uris;
  }
}
