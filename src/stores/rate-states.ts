import type { HomeRecord } from "./home-record.ts";

const KEY = "rate";

/** The key `rate`: which permits of the rate limit are leased or used, in one row that is written with each lease. Only this class writes it. */
export class RateStates<T> {
  readonly #storage: DurableObjectStorage;
  readonly #record: HomeRecord;

  constructor(storage: DurableObjectStorage, record: HomeRecord) {
    this.#storage = storage;
    this.#record = record;
  }

  read(): T | undefined {
    return this.#storage.kv.get<T>(KEY);
  }

  write(state: T): void {
    this.#record.migrate(); // so that the home is swept one day
    this.#storage.kv.put(KEY, state);
  }
}
