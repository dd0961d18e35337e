/** Those who wait for something to become of a key. Who is told, or has waited for long enough, leaves no timer behind. */
export class Waiting<K> {
  readonly #waiting = new Map<K, Set<() => void>>();

  /** Waits until {@link tell} is called for the key, or for so long. */
  change(key: K, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(key) ?? new Set();
      const done = () => {
        clearTimeout(timer);
        waiting.delete(done);
        if (waiting.size === 0) this.#waiting.delete(key);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiting.set(key, waiting.add(done));
    });
  }

  tell(key: K): void {
    for (const done of [...(this.#waiting.get(key) ?? [])]) done();
  }
}
