/** A key and how often it came. */
export interface Hitter {
  readonly key: string;
  /** Never less than the truth. */
  readonly count: number;
  /** By how much the count may be over the truth; 0 is exact. */
  readonly overBy: number;
}

interface Row {
  readonly key: string;
  count: number;
  readonly overBy: number;
}

/**
 * Counts keys in constant memory: exactly while there are at most `capacity` different ones, then as the Space-Saving sketch does. Whatever
 * makes up more than 1/capacity of all is among its rows. Each key takes constant time: rows stand in sets by their count.
 * Source: Metwally, Agrawal, El Abbadi, https://doi.org/10.1007/978-3-540-30570-5_27
 */
export class HeavyHitters {
  readonly #capacity: number;
  readonly #rows = new Map<string, Row>();
  readonly #byCount = new Map<number, Set<Row>>();
  #least = 1;
  #isExact = true;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Whether every count is exact. */
  get isExact(): boolean {
    return this.#isExact;
  }

  /** How many rows are held, never more than the capacity. */
  get size(): number {
    return this.#rows.size;
  }

  add(key: string): void {
    const row = this.#rows.get(key);
    if (row) this.#grow(row);
    else if (this.#rows.size < this.#capacity) this.#put({ key, count: 1, overBy: 0 });
    else this.#replaceLeast(key);
  }

  /** The keys that came most often, the most frequent first; equal ones in the order of their names. */
  top(limit: number): Hitter[] {
    return [...this.#rows.values()]
      .sort((one, other) => other.count - one.count || (one.key < other.key ? -1 : 1))
      .slice(0, limit)
      .map((row) => ({ ...row }));
  }

  #grow(row: Row): void {
    this.#takeOut(row);
    row.count++;
    this.#setOf(row.count).add(row);
  }

  #put(row: Row): void {
    this.#rows.set(row.key, row);
    this.#setOf(row.count).add(row);
    this.#least = Math.min(this.#least, row.count);
  }

  /** The newcomer takes the place of a rarest key, and may be what that one was: its count goes on from there. */
  #replaceLeast(key: string): void {
    this.#isExact = false;
    const [rarest] = this.#setOf(this.#least);
    if (!rarest) return;
    this.#rows.delete(rarest.key);
    this.#takeOut(rarest);
    const row = { key, count: rarest.count + 1, overBy: rarest.count };
    this.#rows.set(key, row);
    this.#setOf(row.count).add(row);
  }

  /** The row comes back with one more, so that the least count grows by one at most. */
  #takeOut(row: Row): void {
    const set = this.#setOf(row.count);
    set.delete(row);
    if (set.size > 0) return;
    this.#byCount.delete(row.count);
    if (this.#least === row.count) this.#least++;
  }

  #setOf(count: number): Set<Row> {
    const known = this.#byCount.get(count);
    if (known) return known;
    const set = new Set<Row>();
    this.#byCount.set(count, set);
    return set;
  }
}
