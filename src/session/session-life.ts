/** What the life of a session needs of the base class: the life cycle, schedules and the heartbeat of `agents`. */
export interface BaseClass {
  /** Makes the base class's tables, unless they are there. */
  ensureSchema(): void;
  /** Starts its life cycle, unless it runs. */
  start(): Promise<void>;
  /** Runs {@link SessionLife.sweep} at a time, whole seconds. */
  scheduleSweep(atMs: number): Promise<void>;
  /** Keeps the object in memory until the work is done. */
  keepAliveWhile(work: () => Promise<void>): Promise<void>;
}

const BASE_STARTED = "base_started";
const ENDED = "ended_ms";
const EXPIRES = "expires_ms";

/**
 * When a session's object wakes by itself, and when it dies. The base class sleeps until something needs it, because its tables
 * cost 39 rows and its start some milliseconds: until then the one alarm is ours, afterwards it is the base class's.
 */
export class SessionLife {
  readonly #storage: DurableObjectStorage;
  readonly #base: BaseClass;
  /** Deletes what has expired and tells when to come again. */
  readonly #sweepStores: () => number | undefined;
  #starting: Promise<void> | undefined;
  /** Settles when no alarm is being set. */
  #arming: Promise<void> = Promise.resolve();
  /** When the object wakes next, as far as this incarnation has set it. */
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(storage: DurableObjectStorage, base: BaseClass, sweepStores: () => number | undefined) {
    this.#storage = storage;
    this.#base = base;
    this.#sweepStores = sweepStores;
  }

  /** Whether the base class was ever started here: then its tables exist and the alarm is its own. */
  static hasBase(storage: DurableObjectStorage): boolean {
    return storage.kv.get(BASE_STARTED) !== undefined;
  }

  get isEnded(): boolean {
    return this.#storage.kv.get(ENDED) !== undefined;
  }

  /** Marks the session as ended by its client. Nothing is deleted before the id expires. */
  end(expiresMs: number): void {
    this.#storage.kv.put(ENDED, Date.now());
    this.expireAt(expiresMs);
  }

  /** Destroys the object at a time: the id has expired, and nobody can ask for what is here. */
  expireAt(expiresMs: number): void {
    this.#wakeAt(expiresMs);
  }

  /** Sweeps the stores at a time before the object's end. */
  sweepAt(atMs: number, expiresMs: number): void {
    if (this.#storage.kv.get(EXPIRES) === undefined) this.#storage.kv.put(EXPIRES, expiresMs);
    this.#wakeAt(atMs);
  }

  /** Brings the base class back in an object in which it was started before; its end stands even if the last start broke off. */
  async wake(expiresMs: number): Promise<void> {
    if (!SessionLife.hasBase(this.#storage)) return;
    await this.#startBase();
    await this.#base.scheduleSweep(expiresMs);
  }

  /** Keeps the object in memory until `done` settles: its client has gone, and nothing else holds it. */
  async holdWhile(done: Promise<void>): Promise<void> {
    await this.#startBase();
    await this.#base.keepAliveWhile(() => done);
  }

  /** Runs when the alarm is ours. Returns whether the object shall be destroyed. */
  async sweep(): Promise<boolean> {
    const expiresMs = this.#storage.kv.get<number>(EXPIRES);
    if (expiresMs === undefined || expiresMs <= Date.now()) return true;
    await this.#arm(Math.min(this.#sweepStores() ?? expiresMs, expiresMs));
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
    const isFirst = !SessionLife.hasBase(this.#storage);
    if (isFirst) await this.#arming; // an alarm that is being set must be seen here, and not overwrite the base class's
    const alarmMs = isFirst ? await this.#storage.getAlarm() : null;
    if (isFirst) this.#storage.kv.put(BASE_STARTED, true);
    this.#base.ensureSchema();
    await this.#base.start();
    // The alarm is the base class's from here on; what it stood for becomes a schedule.
    if (alarmMs !== null) await this.#base.scheduleSweep(alarmMs);
  }

  #wakeAt(atMs: number): void {
    if (this.#nextMs > Date.now() && this.#nextMs <= atMs) return;
    this.#arm(atMs).catch((error: unknown) =>
      console.error(JSON.stringify({ level: "error", event: "alarm_not_set", error: String(error) }))
    );
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
    const standing = await this.#storage.getAlarm();
    if (standing === null || standing > atMs) await this.#storage.setAlarm(atMs);
  }
}
