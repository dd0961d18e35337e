const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** How long a bucket may be. Each divides the next. */
const WIDTHS_MS = [MINUTE_MS, 5 * MINUTE_MS, 60 * MINUTE_MS, DAY_MS, 30 * DAY_MS, 360 * DAY_MS, 3600 * DAY_MS] as const;

/** How many came in a span of time. */
export interface Bucket {
  /** Since the epoch. */
  readonly startMs: number;
  readonly count: number;
}

/**
 * Counts by time in constant memory: by minute, and in wider buckets (5 minutes, an hour, a day, 30 days and so on) as soon as there are
 * more than `maxBuckets` that hold something. No count is lost by it.
 */
export class TimeBuckets {
  readonly #maxBuckets: number;
  #step = 0;
  #counts = new Map<number, number>();

  constructor(maxBuckets: number) {
    this.#maxBuckets = maxBuckets;
  }

  /** How long each bucket is. */
  get widthMs(): number {
    return WIDTHS_MS[this.#step] ?? MINUTE_MS;
  }

  add(timeMs: number): void {
    count(this.#counts, startOf(timeMs, this.widthMs), 1);
    while (this.#counts.size > this.#maxBuckets && this.#step < WIDTHS_MS.length - 1) this.#widen();
  }

  /** Those that hold something, the earliest first. */
  list(): Bucket[] {
    return [...this.#counts].map(([startMs, count]) => ({ startMs, count })).sort((one, other) => one.startMs - other.startMs);
  }

  #widen(): void {
    this.#step++;
    const wider = new Map<number, number>();
    for (const [startMs, held] of this.#counts) count(wider, startOf(startMs, this.widthMs), held);
    this.#counts = wider;
  }
}

const startOf = (timeMs: number, widthMs: number): number => Math.floor(timeMs / widthMs) * widthMs;

const count = (counts: Map<number, number>, startMs: number, held: number): void =>
  void counts.set(startMs, (counts.get(startMs) ?? 0) + held);
