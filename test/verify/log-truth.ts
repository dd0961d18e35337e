import type { StubGroup } from "../../scripts/upstreams/log-events.ts";

/** What a group of the stub holds, in the form in which the analysis answers it. */
export interface LogTruth {
  readonly levels: readonly { readonly level: string; readonly count: number }[];
  /** By the hour. */
  readonly times: readonly { readonly start: string; readonly count: number }[];
}

/** Counts the events of a group of plausible messages: it knows what the stub writes, and nothing of how the server reads it. */
export function countIndependently(group: StubGroup): LogTruth {
  const levels = new Map(["fatal", "error", "warn", "info", "debug"].map((level) => [level, 0]));
  const times = new Map<string, number>();
  for (let index = 0; index < group.events; index++) {
    const { message, timestamp } = group.eventAt(index);
    const level = message.startsWith("{")
      ? String((JSON.parse(message) as { level: string }).level)
      : (message.split(" ")[1]?.toLowerCase() ?? "");
    levels.set(level, (levels.get(level) ?? 0) + 1);
    const start = `${new Date(timestamp).toISOString().slice(0, 13)}:00:00.000Z`;
    times.set(start, (times.get(start) ?? 0) + 1);
  }
  return {
    levels: [...levels].map(([level, count]) => ({ level, count })),
    times: [...times].map(([start, count]) => ({ start, count }))
  };
}
