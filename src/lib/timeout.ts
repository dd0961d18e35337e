/** The time was up. */
export class TimedOut extends Error {
  override readonly name = "TimedOut";
}

/**
 * Gives an act a signal that is aborted with the given one, or with {@link TimedOut} after `timeoutMs`. Unlike
 * `AbortSignal.timeout` it leaves no timer behind, which would keep an object from hibernating after the act has ended.
 */
export async function withTimeout<T>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  act: (bounded: AbortSignal) => Promise<T>
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new TimedOut(`Not within ${timeoutMs} ms.`)), timeoutMs);
  const onAbort = () => controller.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    return await act(controller.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
