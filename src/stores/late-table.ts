/** A table that is made with its first row, because most objects never need it. Its store is its only writer. */
export class LateTable {
  readonly #storage: DurableObjectStorage;
  readonly #name: string;
  readonly #create: string;
  readonly #onCreate: () => void;
  #exists = false;

  /**
   * @param columns what stands behind the name in `CREATE TABLE`.
   * @param onCreate runs before the table is made: it may be the first thing that the object stores.
   */
  constructor(storage: DurableObjectStorage, name: string, columns: string, onCreate: () => void = () => {}) {
    this.#storage = storage;
    this.#name = name;
    this.#create = `CREATE TABLE IF NOT EXISTS ${name} ${columns}`;
    this.#onCreate = onCreate;
  }

  /** Tells without making it. */
  exists(): boolean {
    this.#exists ||= this.#storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = ?", this.#name).toArray().length > 0;
    return this.#exists;
  }

  /** Makes it, unless it is there. */
  prepare(): void {
    if (this.#exists) return;
    this.#onCreate();
    this.#storage.sql.exec(this.#create);
    this.#exists = true;
  }

  /** The storage was emptied. */
  reset(): void {
    this.#exists = false;
  }
}
