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
  readonly #onStored: () => void;
  #level: LogLevel | undefined;
  #uris: Set<string> | undefined;

  /** @param onStored runs whenever something was stored: it may be the first of the object. */
  constructor(storage: DurableObjectStorage, onStored: () => void) {
    this.#storage = storage;
    this.#onStored = onStored;
  }

  get logLevel(): LogLevel {
    this.#level ??= this.#storage.kv.get<LogLevel>(LOG_LEVEL) ?? DEFAULT_LEVEL;
    return this.#level;
  }

  setLogLevel(level: LogLevel): void {
    this.#level = level;
    this.#store(LOG_LEVEL, level);
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
    this.#store(SUBSCRIPTIONS, [...uris]);
  }

  unsubscribe(uri: string): void {
    const uris = this.#subscriptions();
    if (uris.delete(uri)) this.#store(SUBSCRIPTIONS, [...uris]);
  }

  /** The storage was emptied. */
  reset(): void {
    this.#level = undefined;
    this.#uris = undefined;
  }

  #store(key: string, value: string | string[]): void {
    this.#storage.kv.put(key, value);
    this.#onStored();
  }

  #subscriptions(): Set<string> {
    this.#uris ??= new Set(this.#storage.kv.get<string[]>(SUBSCRIPTIONS));
    return this.#uris;
  }
}
