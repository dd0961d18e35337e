import { type Config, DEFAULTS, type ShippingTimes } from "../config.ts";
import { showClient } from "../mcp/calls/call-entry.ts";
import type { HomeDoor } from "../mcp/doors/home-door.ts";
import { homeNameOf } from "../mcp/doors/home-name.ts";
import type { Principal } from "../mcp/principal.ts";
import { SESSION_TTL_MS, type SessionInit } from "../mcp/signed/session-id.ts";
import type { Calls } from "../stores/calls.ts";
import { type SessionFacts, SessionRecord } from "../stores/session-record.ts";
import { HeldKeys } from "./held-keys.ts";
import { LeasedPermits } from "./permits.ts";
import { Shipper } from "./shipper.ts";

/** What a {@link HomeLink} is made of. */
export interface HomeLinkOptions {
  readonly storage: DurableObjectStorage;
  /** The name of the session's object, without the prefix. */
  name(): string;
  /** The object of a home, by its name without the prefix. */
  homeDoor(name: string): HomeDoor;
  createCalls(storage: DurableObjectStorage, record: SessionRecord): Calls;
  readonly shipping: ShippingTimes;
  /** When the session was ended. */
  endedMs(): number | undefined;
  wakeAt(atMs: number): void;
}

/** What binds a session to its principal's home: who it is there, the calls that it ships, the keys and permits that it asks for. */
export class HomeLink {
  readonly record: SessionRecord;
  readonly calls: Calls;
  readonly keys: HeldKeys;
  readonly shipper: Shipper;
  readonly #options: HomeLinkOptions;
  #permits: LeasedPermits | undefined;
  #principal: Principal | undefined;
  #client: SessionInit | undefined;

  constructor(options: HomeLinkOptions) {
    const { storage, name, createCalls, shipping, wakeAt } = options;
    this.#options = options;
    this.record = new SessionRecord(storage, () => this.facts());
    this.calls = createCalls(storage, this.record);
    this.keys = new HeldKeys(() => this.home(), name);
    const describe = () => this.#describe();
    const reportEnded = () => this.#permits?.reportEnded();
    this.shipper = new Shipper({ calls: this.calls, describe, reportEnded, wakeAt }, shipping);
  }

  /** Who the client is, as far as a request has told. */
  get client(): SessionInit | undefined {
    return this.#client;
  }

  /** Tells whose session it is, and who its client: the first to tell is believed. */
  introduce(principal: Principal, client: SessionInit): void {
    this.#principal ??= principal;
    this.#client ??= client;
  }

  /** What is known of the session, stored or not. @throws Error before a request has told. */
  facts(): SessionFacts {
    if (this.record.facts) return this.record.facts;
    const [principal, init] = [this.#principal, this.#client];
    if (!principal || !init) throw new Error("A session stores nothing before a request that the edge let through.");
    const client = showClient(`${init.client.name}/${init.client.version}`);
    return { home: homeNameOf(principal.id), client, issuedMs: init.issuedMs, expiresMs: init.issuedMs + SESSION_TTL_MS };
  }

  home(name: string = this.facts().home): HomeDoor {
    return this.#options.homeDoor(name);
  }

  /** The permits of the session's calls, leased from home. */
  createPermits({ rate }: Config): LeasedPermits {
    const lease = (report: Parameters<HomeDoor["leasePermits"]>[0]) => this.home().leasePermits(report);
    this.#permits = new LeasedPermits({ rule: rate, leaseMs: DEFAULTS.leaseMs, lease });
    return this.#permits;
  }

  /** The storage was emptied. */
  reset(): void {
    this.record.reset();
    this.calls.reset();
  }

  #describe() {
    const { facts } = this.record;
    if (!facts) return undefined;
    const { name, endedMs } = this.#options;
    const { client, issuedMs, expiresMs, home } = facts;
    return { session: { name: name(), client, issuedMs, expiresMs, endedMs: endedMs() }, home: this.home(home) };
  }
}
