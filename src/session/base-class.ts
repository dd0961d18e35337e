import type { Agent } from "agents";
import type { BaseClass } from "./session-life.ts";

/** What is used of the class of `agents` that an object extends. */
interface Base extends Pick<Agent<Env>, "lifecycle" | "keepAliveWhile" | "listSchedules" | "cancelSchedule"> {
  schedule(when: Date, callback: typeof SWEEP, payload: number, options: { idempotent: boolean }): Promise<unknown>;
}

/** The life cycle, the heartbeat and the schedules of `agents`, as the life of an object uses them. */
export function createBaseClass(base: Base, ensureSchema: () => void): BaseClass {
  return {
    ensureSchema,
    start: () => base.lifecycle.start(),
    keepAliveWhile: (work) => base.keepAliveWhile(work),
    async cancelSweeps(untilMs) {
      const standing = await base.listSchedules({ timeRange: { end: new Date(untilMs) } });
      for (const { callback, id } of standing) if (callback === SWEEP) await base.cancelSchedule(id);
    },
    async scheduleSweep(atMs) {
      const seconds = Math.ceil(atMs / 1000);
      // From the next second on: the list goes by whole ones, and the sweep that runs still stands in this one.
      const start = new Date((Math.floor(Date.now() / 1000) + 1) * 1000);
      const standing = await base.listSchedules({ timeRange: { start, end: new Date(seconds * 1000) } });
      if (standing.some(({ callback }) => callback === SWEEP)) return; // that sweep sees to the next
      // The time is the payload as well, by which equal schedules are one: each sweep asks for the object's end again.
      await base.schedule(new Date(seconds * 1000), SWEEP, seconds, { idempotent: true });
    }
  };
}

const SWEEP = "sweepSession";
