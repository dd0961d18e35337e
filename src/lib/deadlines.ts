/** A deadline that can be called off. */
export interface Deadline {
  readonly dueMs: number;
  cancel(): void;
}

/** A timer that is due this soon is left to fire for nothing: setting one for each call costs more, and hibernation can wait. */
const SOON_MS = 1000;

/** Many deadlines on one timer. An object that holds no deadline holds no timer for long, so nothing keeps it from hibernating. */
export class Deadlines {
  readonly #waiting = new Map<Deadline, () => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerDueMs = Number.POSITIVE_INFINITY;

  /** Runs `action` once, `delayMs` from now, unless it is cancelled before. */
  add(delayMs: number, action: () => void): Deadline {
    const deadline: Deadline = { dueMs: Date.now() + delayMs, cancel: () => this.#delete(deadline) };
    this.#waiting.set(deadline, action);
    if (deadline.dueMs < this.#timerDueMs) this.#arm(deadline.dueMs);
    return deadline;
  }

  #delete(deadline: Deadline): void {
    this.#waiting.delete(deadline);
    if (this.#waiting.size === 0 && this.#timerDueMs - Date.now() > SOON_MS) this.#disarm();
  }

  #arm(dueMs: number): void {
    clearTimeout(this.#timer);
    this.#timerDueMs = dueMs;
    this.#timer = setTimeout(() => this.#fire(), Math.max(0, dueMs - Date.now()));
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerDueMs = Number.POSITIVE_INFINITY;
  }

  #fire(): void {
    this.#disarm();
    const nowMs = Date.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [deadline, action] of this.#waiting) {
      if (deadline.dueMs > nowMs) {
        nextMs = Math.min(nextMs, deadline.dueMs);
        continue;
      }
      this.#waiting.delete(deadline);
      action();
    }
    if (nextMs < this.#timerDueMs) this.#arm(nextMs);
  }
}
