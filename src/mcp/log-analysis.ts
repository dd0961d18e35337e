import { foldMessage } from "../lib/fold-message.ts";
import { HeavyHitters, type Hitter } from "../lib/heavy-hitters.ts";
import { LOG_EVENT_LEVELS, type LogEventLevel, readLogLine } from "../lib/log-level.ts";
import { type Bucket, TimeBuckets } from "../lib/time-buckets.ts";
import { toVisible } from "../lib/visible-text.ts";
import type { LogEvent } from "./logs.ts";

/** What is known of many events. */
export interface LogSummary {
  readonly events: number;
  /** Those that came, the most severe first. */
  readonly levels: readonly { readonly level: LogEventLevel; readonly count: number }[];
  readonly bucketMs: number;
  readonly buckets: readonly Bucket[];
  /** The most repeated messages, folded. */
  readonly repeated: readonly Hitter[];
  /** Whether the counts of `repeated` are exact: there were not too many different messages. */
  readonly isExact: boolean;
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
}

/** How many different messages are told apart; more are counted approximately. */
export const DISTINCT_MESSAGES = 1000;

const MAX_BUCKETS = 120;
const MOST_REPEATED = 20;

/** Counts events in constant memory, however many there are. Levels, times and their sum are always exact. */
export class LogAnalysis {
  readonly #levels = new Map<LogEventLevel, number>();
  readonly #buckets = new TimeBuckets(MAX_BUCKETS);
  readonly #messages = new HeavyHitters(DISTINCT_MESSAGES);
  #events = 0;
  #firstMs: number | undefined;
  #lastMs: number | undefined;

  /** How many rows it holds, of whatever kind. */
  get size(): number {
    return this.#levels.size + this.#messages.size + this.#buckets.list().length;
  }

  /** Counts one event; returns the level that it was found to have. */
  add({ timestampMs, message }: LogEvent): LogEventLevel {
    const { level, text } = readLogLine(message);
    this.#events++;
    this.#levels.set(level, (this.#levels.get(level) ?? 0) + 1);
    this.#buckets.add(timestampMs);
    // The text within a JSON line may spell in escapes what nobody sees.
    this.#messages.add(foldMessage(toVisible(text)));
    this.#firstMs = Math.min(timestampMs, this.#firstMs ?? timestampMs);
    this.#lastMs = Math.max(timestampMs, this.#lastMs ?? timestampMs);
    return level;
  }

  summary(): LogSummary {
    return {
      events: this.#events,
      levels: LOG_EVENT_LEVELS.flatMap((level) => ({ level, count: this.#levels.get(level) ?? 0 })).filter(({ count }) => count > 0),
      bucketMs: this.#buckets.widthMs,
      buckets: this.#buckets.list(),
      repeated: this.#messages.top(MOST_REPEATED),
      isExact: this.#messages.isExact,
      firstMs: this.#firstMs,
      lastMs: this.#lastMs
    };
  }
}
