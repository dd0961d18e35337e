/** What the life of an object needs of the base class: the life cycle, schedules and the heartbeat of `agents`. */
export interface BaseClass {
  /** Makes the base class's tables, unless they are there. */
  ensureSchema(): void;
  /** Starts its life cycle, unless it runs. */
  start(): Promise<void>;
  /** Runs the sweep at a time, whole seconds. */
  scheduleSweep(atMs: number): Promise<void>;
  /** Takes back the sweeps until a time. */
  cancelSweeps(untilMs: number): Promise<void>;
  /** Keeps the object in memory until the work is done. */
  keepAliveWhile(work: () => Promise<void>): Promise<void>;
}

/**
 * Does what is due in an object. Returns when to come again, milliseconds since the epoch, or `undefined` for an object that
 * nobody needs any more: then everything in it is deleted.
 */
export type Sweep = () => Promise<number | undefined>;

/** An alarm may be put off by this much, milliseconds, without a look at what it was for. */
const SOON_MS = 10_000;

/** `true`; while the base class starts for the first time, when the alarm was due whose place its own takes, if there was one. */
const BASE_STARTED = "base_started";
const ENDED = "ended_ms";

/**
 * When an object wakes by itself, and when it dies. The base class sleeps until something needs it, because its tables cost 39
 * rows and its start some milliseconds: until then the one alarm is ours, afterwards it is the base class's.
 */
export class SessionLife {
  readonly #storage: DurableObjectStorage;
  readonly #base: BaseClass;
  readonly #sweep: Sweep;
  #starting: Promise<void> | undefined;
  /** Settles when no alarm is being set. */
  #arming: Promise<void> = Promise.resolve();
  /** When the object wakes next, as far as this incarnation has set it. */
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(storage: DurableObjectStorage, base: BaseClass, sweep: Sweep) {
    this.#storage = storage;
    this.#base = base;
    this.#sweep = sweep;
  }

  /** Whether the base class was ever started here: then its tables exist and the alarm is its own. */
  static hasBase(storage: DurableObjectStorage): boolean {
    return storage.kv.get(BASE_STARTED) !== undefined;
  }

  /** When the session was ended, milliseconds since the epoch. */
  get endedMs(): number | undefined {
    return this.#storage.kv.get<number>(ENDED);
  }

  /** Marks the session as ended by its client. Its id stays known until it expires. */
  end(): void {
    this.#storage.kv.put(ENDED, Date.now());
  }

  /** Sweeps at a time, or before it. */
  wakeAt(atMs: number): void {
    if (this.#nextMs > Date.now() && this.#nextMs <= atMs) return;
    this.#arm(atMs).catch((error: unknown) =>
      console.error(JSON.stringify({ level: "error", event: "alarm_not_set", error: String(error) }))
    );
  }

  /** Sweeps at a time, in an object that stores its first thing: no alarm stands, and none need be looked for. */
  wakeFirstAt(atMs: number): void {
    this.#nextMs = atMs;
    this.#arming = this.#storage.setAlarm(atMs);
  }

  /**
   * Takes back the sweeps until a time, where the base class keeps them: what they were to look after is done. Another stands at a later
   * time, or before it.
   */
  async rest(untilMs: number, sweepMs: number): Promise<void> {
    if (!this.#starting && !SessionLife.hasBase(this.#storage)) return;
    await this.#startBase();
    this.#nextMs = sweepMs;
    await this.#base.cancelSweeps(untilMs);
    await this.#base.scheduleSweep(sweepMs);
  }

  /** Brings the base class back in an object in which it was started before, with a sweep at a time or before it. */
  async wake(sweepMs: number): Promise<void> {
    if (!SessionLife.hasBase(this.#storage)) return;
    await this.#startBase();
    await this.#base.scheduleSweep(sweepMs);
  }

  /** Brings the base class back before its alarm: if its first start broke off, the alarm is ours, and no schedule stands for it. */
  resume(): Promise<void> {
    return this.#startBase();
  }

  /** Keeps the object in memory until `done` settles: its client has gone, and nothing else holds it. */
  async holdWhile(done: Promise<void>): Promise<void> {
    await this.#startBase();
    await this.#base.keepAliveWhile(() => done);
  }

  /** Runs at the alarm. Returns whether the object shall be destroyed. */
  async sweep(): Promise<boolean> {
    this.#nextMs = Number.NEGATIVE_INFINITY; // what was set has come
    const nextMs = await this.#sweep();
    if (nextMs === undefined) return true;
    await this.#arm(nextMs);
    return false;
  }

  #startBase(): Promise<void> {
    this.#starting ??= this.#startOnce().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  async #startOnce(): Promise<void> {
    let mark = this.#storage.kv.get<number | true>(BASE_STARTED);
    if (mark === undefined) {
      await this.#arming; // an alarm that is being set must be seen here, and not overwrite the base class's
      mark = (await this.#storage.getAlarm()) ?? true;
      this.#storage.kv.put(BASE_STARTED, mark);
    }
    this.#base.ensureSchema();
    await this.#base.start();
    if (mark === true) return;
    // The alarm is the base class's from here on; what it stood for becomes a schedule.
    await this.#base.scheduleSweep(mark);
    this.#storage.kv.put(BASE_STARTED, true);
  }

  #arm(atMs: number): Promise<void> {
    this.#nextMs = atMs;
    const armed = this.#setAlarm(atMs);
    this.#arming = Promise.allSettled([this.#arming, armed]).then(() => {});
    return armed;
  }

  async #setAlarm(atMs: number): Promise<void> {
    if (this.#starting || SessionLife.hasBase(this.#storage)) {
      await this.#startBase();
      await this.#base.scheduleSweep(atMs);
      return;
    }
    // Without a look at what stands, so that the alarm is stored in one with what it is for: a sweep that comes later does all that is due.
    if (atMs - Date.now() <= SOON_MS) return this.#storage.setAlarm(atMs);
    const standing = await this.#storage.getAlarm();
    if (standing === null || standing > atMs) await this.#storage.setAlarm(atMs);
  }
}
