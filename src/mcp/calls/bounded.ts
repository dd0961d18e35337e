import type { Asks, Replies } from "../ask.ts";
import type { Context } from "../context.ts";
import { DeadlineExceeded, ToolError } from "../errors.ts";
import type { CallProgress } from "../running-calls.ts";
import type { Host, Invocation, TracedActs } from "./host.ts";

/** The client said that it no longer wants the answer. */
class Cancelled extends ToolError {
  override readonly name = "Cancelled";
  override readonly outcome = "cancelled";
}

/** What runs within bounds. */
export interface BoundedRun<T> extends TracedActs {
  /** How errors name it. */
  readonly name: string;
  readonly limitMs: number;
  /** A read is left at once when it is stopped. */
  readonly isRead: boolean;
  run(ctx: Context): Promise<T>;
  /** When the call goes on without its client, which it cannot ask any more. Until `act` is done the client may still cancel. */
  readonly detach?: { readonly afterMs: number; act(): void | Promise<void> } | undefined;
  /** Gets what stops the call, before it runs. */
  onStart?(stop: () => void): void;
  /** Runs each time that the tool says how far it is. */
  onProgress?(progress: CallProgress): void;
  /** Runs before each question leaves. */
  onAsk?(): void;
}

/** How long a write that was stopped may take to say what became of it. */
const SETTLE_MS = 1000;

/**
 * Runs a call until it ends, its client cancels or its deadline passes; the deadline does not run while somebody is asked. A
 * read is left at once; a write that was stopped is waited for a moment, because only it knows whether it was sent.
 */
export function runBounded<T>(bounded: BoundedRun<T>, invocation: Invocation, host: Host): Promise<T> {
  const { name, limitMs, isRead, detach } = bounded;
  let isDetached = false;
  let stoppedBy: ToolError | undefined;
  // Made when the tool first asks for it: most calls are over before anything could stop them.
  let controller: AbortController | undefined;
  const signalOf = (): AbortSignal => {
    controller ??= new AbortController();
    if (stoppedBy) controller.abort(stoppedBy);
    return controller.signal;
  };
  return new Promise<T>((resolve, reject) => {
    const expire = () => stop(new DeadlineExceeded(`${name} did not finish within ${limitMs / 1000} s.`));
    let leftMs = detach?.afterMs ?? limitMs;
    const goOn = () => {
      isDetached = true;
      due = expire;
      deadline = host.deadlines.add(limitMs - (detach?.afterMs ?? 0), expire);
      void Promise.resolve(detach?.act()).finally(() => forget()); // the client has its answer, and may go
    };
    let due = detach ? goOn : expire;
    let deadline = host.deadlines.add(leftMs, due);
    let forget = () => {};
    let isOver = false;
    const release = () => {
      isOver = true;
      deadline.cancel();
      forget();
    };
    const stop = (reason: ToolError) => {
      if (stoppedBy) return;
      stoppedBy = reason;
      release();
      controller?.abort(reason);
      if (isRead) reject(reason);
      else
        deadline = host.deadlines.add(SETTLE_MS, () => reject(new Error("The write did not stop when it was told to.", { cause: reason })));
    };
    let asked = 0;
    const ask = async <A extends Asks>(asks: A): Promise<Replies<A>> => {
      // A read that was left may run on: its row is written, and nobody would get its question.
      if (isOver) throw stoppedBy ?? new Error("The call has ended before this question.");
      if (isDetached) throw new DeadlineExceeded(`${name} goes on without its client, and nobody can answer its question.`);
      if (asked++ === 0) {
        leftMs = deadline.dueMs - Date.now();
        deadline.cancel();
      }
      try {
        bounded.onAsk?.();
        const replies = await invocation.ask(asks, signalOf());
        if (stoppedBy) throw stoppedBy;
        return replies;
      } catch (error) {
        // A question that is called off fails with the words for one that nobody answered.
        throw stoppedBy ?? error;
      } finally {
        if (--asked === 0 && !isOver) deadline = host.deadlines.add(leftMs, due);
      }
    };
    forget = invocation.onCancel(() => stop(new Cancelled("The client cancelled the call.")));
    if (stoppedBy) {
      release();
      return reject(stoppedBy); // it never ran
    }
    bounded.onStart?.(() => stop(new Cancelled("The call was told to stop.")));
    const progress: Context["progress"] = (done, total, message) => {
      bounded.onProgress?.({ done, total, message });
      return invocation.progress(done, total, message);
    };
    const { principal, credentials, log, closeStream } = invocation; // not all of it: its signal is made when it is read
    const running = (async () =>
      bounded.run(host.contextFor({ principal, credentials, progress, log, ask, closeStream }, signalOf, bounded)))();
    running.finally(release).then(resolve, reject);
  });
}
