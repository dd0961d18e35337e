import { DEFAULTS, type ShippingTimes } from "../config.ts";
import type { Deadlines } from "../lib/deadlines.ts";
import type { CallLimits } from "../mcp/calls/host.ts";
import type { Catalog } from "../mcp/catalog.ts";
import type { Caller, Principal } from "../mcp/principal.ts";
import type { RunningCalls } from "../mcp/running-calls.ts";
import { Calls } from "../stores/calls.ts";
import type { SessionRecord } from "../stores/session-record.ts";
import type { StreamLimits } from "./http-lane.ts";
import type { SessionLife } from "./session-life.ts";
import type { SocketLimits } from "./socket-lane.ts";

/** What a test may make otherwise, to see that it notices. */
export interface SessionAgentOptions {
  /** Makes the store of calls: one that writes too late loses some when it is killed. */
  createCalls(storage: DurableObjectStorage, record: SessionRecord): Calls;
  /** How much is held for a client: without bounds one that does not read fills the memory. */
  readonly streamLimits: StreamLimits;
  readonly socketLimits: SocketLimits;
  readonly shipping: ShippingTimes;
  readonly callLimits: CallLimits;
  /** Whether what opened a socket, or a run acts with, is still good. A parameter, because credentials are above this layer. */
  isStillValid(principal: Principal, proof: string | undefined, env: Env): Promise<boolean>;
  /** GitHub has refused the token of a person: ends the access that it came with. Likewise. */
  endAccess(caller: Caller, env: Env): Promise<void>;
}

/** What a class that extends the session's uses of it. */
export interface SessionParts {
  readonly catalog: Catalog;
  readonly deadlines: Deadlines;
  readonly life: SessionLife;
  readonly streamLimits: StreamLimits;
  readonly callLimits: CallLimits;
  readonly running: RunningCalls;
  /** Keeps the object in memory until a call has ended whose client does not hold it. */
  holdWhile(done: Promise<void>): void;
  isStillValid(principal: Principal, proof: string | undefined): Promise<boolean>;
  endAccess(caller: Caller): Promise<void>;
}

/** What is so unless a test makes it otherwise; nothing of these is good for longer than its request. */
export const DEFAULT_OPTIONS: SessionAgentOptions = {
  createCalls: (storage, record) => new Calls(storage, record),
  streamLimits: DEFAULTS.stream,
  socketLimits: DEFAULTS.socket,
  shipping: DEFAULTS.shipping,
  callLimits: DEFAULTS.call,
  isStillValid: async (_principal, proof) => proof === undefined,
  endAccess: async () => {}
};
