import type { Octokit } from "@octokit/rest";
import type { History } from "./history.ts";
import type { Principal } from "./principal.ts";
import type { Weather } from "./weather.ts";

/** All that a tool, prompt or resource can act through. The same in both eras and on every wire. */
export interface Context {
  /** Who calls. */
  readonly principal: Principal;
  /** Aborted when the client cancels or the deadline passes. Pass it into every loop and every upstream call. */
  readonly signal: AbortSignal;
  /** GitHub's REST API: authenticated, cancelled with the call, bounded in time. Only GET and HEAD are ever sent twice. */
  readonly github: Octokit;
  readonly weather: Weather;
  /** The principal's own calls. */
  readonly history: History;
  /** Tells the client how far the call is, if it asked to know. `done` must grow. */
  progress(done: number, total?: number, message?: string): Promise<void>;
}
