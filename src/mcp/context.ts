import type { Octokit } from "@octokit/rest";
import type { Json } from "../lib/json.ts";
import type { Asks, Replies } from "./ask.ts";
import type { DynamoDb } from "./dynamodb.ts";
import type { History } from "./history.ts";
import type { Logs } from "./logs.ts";
import type { Principal } from "./principal.ts";
import type { Notification } from "./protocol/json-rpc.ts";
import type { Results } from "./results.ts";
import type { Runs } from "./runs.ts";
import type { Weather } from "./weather.ts";

/** All that a tool, prompt or resource can act through. The same in both eras and on every wire. */
export interface Context {
  /** Who calls. */
  readonly principal: Principal;
  /** Aborted when the client cancels or the deadline passes. Pass it into every loop and every upstream call. */
  readonly signal: AbortSignal;
  /** GitHub's REST API: authenticated, cancelled with the call, bounded in time. Only GET and HEAD are ever sent twice. */
  readonly github: Octokit;
  /** The log groups of the deployer that the principal may read. @throws UpstreamFailed where AWS is not set up. */
  readonly logs: Logs;
  readonly weather: Weather;
  /** The tables of the deployer that the principal may read. @throws UpstreamFailed where AWS is not set up. */
  readonly dynamodb: DynamoDb;
  /** The principal's own calls. */
  readonly history: History;
  /** The principal's own workflows and runs. */
  readonly runs: Runs;
  /** The principal's own stored results: what is too large for a message. */
  readonly results: Results;
  /** Tells the client how far the call is, if it asked to know. `done` must grow. */
  progress(done: number, total?: number, message?: string): Promise<void>;
  /** Tells the client's log something, if it listens at this level. */
  log(level: LogLevel, data: Json, logger?: string): Promise<void>;
  /**
   * Asks the client, its user or its model, and waits; the call's deadline does not run meanwhile. Before it, only read.
   * @throws Unsupported if the client did not declare the capability, DeadlineExceeded if nobody answers.
   */
  ask<A extends Asks>(asks: A): Promise<Replies<A>>;
  /** Tells subscribers that a resource has changed, or everyone that a list has. */
  announce(change: Change): void;
  /** Closes the response's stream while the call goes on: the client comes back for the rest. Does nothing where it cannot. */
  closeStream(): void;
}

/** From the least to the most severe: https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/logging#log-levels */
export const LOG_LEVELS = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** Something that clients may want to read again. */
export type Change = { readonly list: "tools" | "prompts" | "resources" } | { readonly resource: string };

/** The notification that tells of a change. */
export const toNotification = (change: Change): Notification =>
  "list" in change
    ? { jsonrpc: "2.0", method: `notifications/${change.list}/list_changed` }
    : { jsonrpc: "2.0", method: "notifications/resources/updated", params: { uri: change.resource } };
