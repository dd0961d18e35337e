import { SESSION_MIGRATIONS, upgrade } from "./migrations.ts";

/** What a session's object knows of itself when its alarm wakes it and nobody says who it is. */
export interface SessionFacts {
  /** The name of its principal's home, without the prefix. */
  readonly home: string;
  /** `name/version` of the client. */
  readonly client: string;
  /** When the session's id was issued, milliseconds since the epoch. */
  readonly issuedMs: number;
  /** When the session's id expires, likewise. */
  readonly expiresMs: number;
}

const KEY = "session";

/** The key `session`: the facts of a session and the version of its tables, in one row. Only this class writes it. */
export class SessionRecord {
  readonly #storage: DurableObjectStorage;
  readonly #describe: () => SessionFacts;
  #stored: (SessionFacts & { readonly version: number }) | undefined;

  /** @param describe gives the facts where they are stored for the first time: from a request, which has them. */
  constructor(storage: DurableObjectStorage, describe: () => SessionFacts) {
    this.#storage = storage;
    this.#describe = describe;
  }

  /** `undefined` for an object that has nothing to remember. */
  get facts(): SessionFacts | undefined {
    return this.#read();
  }

  /** Whether the tables were ever made. */
  get hasTables(): boolean {
    return (this.#read()?.version ?? 0) > 0;
  }

  /** Stores the facts, unless they are. */
  ensure(): SessionFacts {
    return this.#read() ?? this.#store(this.#describe(), 0);
  }

  /** Brings the tables up to date. An object has none before it has something to remember. */
  migrate(): void {
    const known = this.#read();
    const version = upgrade(this.#storage, SESSION_MIGRATIONS, known?.version ?? 0);
    if (version !== known?.version) this.#store(known ?? this.#describe(), version);
  }

  /** The storage was emptied. */
  reset(): void {
    this.#stored = undefined;
  }

  #read() {
    this.#stored ??= this.#storage.kv.get<SessionFacts & { version: number }>(KEY);
    return this.#stored;
  }

  #store(facts: SessionFacts, version: number): SessionFacts {
    this.#stored = { ...facts, version };
    this.#storage.kv.put(KEY, this.#stored);
    return this.#stored;
  }
}
