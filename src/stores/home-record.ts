import { HOME_MIGRATIONS, upgrade } from "./migrations.ts";

const KEY = "home";

/** The key `home`: the version of the tables of a principal's home. Only this class writes it. */
export class HomeRecord {
  readonly #storage: DurableObjectStorage;
  readonly #onFirst: () => void;
  #version: number | undefined;

  /** @param onFirst runs in the turn that stores the first thing. */
  constructor(storage: DurableObjectStorage, onFirst: () => void) {
    this.#storage = storage;
    this.#onFirst = onFirst;
  }

  get hasTables(): boolean {
    return this.#read() > 0;
  }

  /** Brings the tables up to date. A home has none before it has something to remember. */
  migrate(): void {
    const known = this.#read();
    if (known === HOME_MIGRATIONS.length) return;
    this.#version = upgrade(this.#storage, HOME_MIGRATIONS, known);
    this.#storage.kv.put(KEY, this.#version);
    if (known === 0) this.#onFirst();
  }

  /** The storage was emptied. */
  reset(): void {
    this.#version = undefined;
  }

  #read(): number {
    this.#version ??= this.#storage.kv.get<number>(KEY) ?? 0;
    return this.#version;
  }
}
