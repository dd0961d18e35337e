import { DEFAULTS, readConfig } from "../../config.ts";
import { ownerRef } from "../../mcp/handle.ts";
import type { Call, History } from "../../mcp/history.ts";
import type { Asker, SessionDoor, ShippingSession } from "../../mcp/home-door.ts";
import { createHomeRequestReader } from "../../mcp/home-request.ts";
import type { Keyring } from "../../mcp/keyring.ts";
import { type Refusal, toRefusal } from "../../mcp/refusal.ts";
import { createResults } from "../../mcp/results.ts";
import { HomeCalls } from "../../stores/home-calls.ts";
import { HomeRecord } from "../../stores/home-record.ts";
import { HomeSessions } from "../../stores/home-sessions.ts";
import { SpentStates } from "../../stores/spent-states.ts";
import { closeBack, createReaders } from "../readers.ts";
import { createRecorder } from "../recorder.ts";
import type { SessionAgentClass } from "../session-agent.ts";
import { SessionHost } from "../session-host.ts";
import { createHomeHistory, type HomeHistoryOptions, takeShipment } from "./home-history.ts";
import { Rounds } from "./rounds.ts";
import { StatelessLane } from "./stateless-lane.ts";
import { Subscriptions } from "./subscriptions.ts";

/**
 * The object that owns what belongs to one principal, and the session of each of its stateless requests. Wiring only; everything
 * on its prototype can be called over RPC, and nothing of it is async: the base class would start its life cycle first.
 */
export function homeOf(Base: SessionAgentClass) {
  return class Home extends Base {
    readonly #own = ownerRef(this.getSessionId());
    readonly #record = new HomeRecord(this.ctx.storage, () => this.parts.life.wakeAt(Date.now() + DEFAULTS.homeSweepMs));
    readonly #calls = new HomeCalls(this.ctx.storage, this.#record, this.#own);
    readonly #sessions = new HomeSessions(this.ctx.storage, this.#record);
    readonly #states = new SpentStates(this.ctx.storage, this.#record);
    readonly #subscriptions = new Subscriptions(createReaders(this.ctx));
    readonly #read = createHomeRequestReader();
    readonly #results = createResults(this.parts.catalog, DEFAULTS.stateless.listTtlMs);
    readonly #lane = new StatelessLane({
      catalog: this.parts.catalog,
      deadlines: this.parts.deadlines,
      limits: this.parts.streamLimits,
      results: this.#results,
      rounds: new Rounds(this.#states, this.#results, () => this.#keyring()),
      host: () => this.#ownHost()
    });
    #host: SessionHost | undefined;

    override fetch(request: Request): Promise<Response> {
      const asked = this.#read(request);
      if (asked.verb === "listen") return Promise.resolve(this.#subscriptions.open(asked.subscription ?? ""));
      return this.#lane.serve(request, asked);
    }

    /** Listeners say nothing. */
    override webSocketMessage(): Promise<void> {
      return Promise.resolve();
    }

    override webSocketClose(socket: WebSocket, code: number): void {
      closeBack(socket, code);
    }

    /** Takes over what a session ships: see {@link HomeDoor}. */
    ship(session: ShippingSession, calls: readonly Call[]): Promise<void> {
      takeShipment(this.#historyOptions(), session, calls);
      return Promise.resolve();
    }

    /** Answers a session's question for the history: see {@link HomeDoor}. */
    askHistory(asker: Asker, method: keyof History, argument: unknown): Promise<{ value: unknown } | Refusal> {
      // The session and its home are of one build, and the session's types have checked the argument.
      const answer = createHomeHistory(this.#historyOptions(), asker)[method] as (argument: unknown) => Promise<unknown>;
      return answer(argument).then((value) => ({ value }), toRefusal);
    }

    protected override _sweep(): Promise<number | undefined> {
      return Promise.resolve(this.#sweepHome());
    }

    protected override _reset(): void {
      super._reset();
      for (const store of [this.#record, this.#calls, this.#states]) store.reset();
    }

    /** Forgets what is older than the retention, once a day; a home that has nothing left goes. */
    #sweepHome(): number | undefined {
      const nowMs = Date.now();
      const beforeMs = nowMs - readConfig(this.env).retentionMs;
      const isLeft = [this.#calls.prune(beforeMs), this.#sessions.prune(beforeMs), this.#states.prune(nowMs)].includes(true);
      return isLeft ? nowMs + DEFAULTS.homeSweepMs : undefined;
    }

    /** What this object gives to the calls of the stateless era, which it runs itself. */
    #ownHost(): SessionHost {
      this.#host ??= this.#createHost();
      return this.#host;
    }

    #createHost(): SessionHost {
      const config = readConfig(this.env);
      return new SessionHost({
        owner: this.#own,
        config,
        keyring: this.#keyring(),
        calls: createRecorder(this.#calls, config.history, () => {}),
        deadlines: this.parts.deadlines,
        resourcesOfCalls: this.parts.catalog.resourcesOfCalls,
        historyOf: ({ id }) => createHomeHistory(this.#historyOptions(), { principalId: id, session: this.#own }),
        announce: (change) => this.#subscriptions.announce(change)
      });
    }

    #historyOptions(): HomeHistoryOptions {
      return {
        calls: this.#calls,
        sessions: this.#sessions,
        keyring: this.#keyring(),
        own: this.#own,
        sizeBytes: () => this.ctx.storage.sql.databaseSize,
        // The generated type of the binding names a class that is made of this one's base.
        sessionDoor: (name) => this.env.SESSION.get(this.env.SESSION.idFromName(`session:${name}`)) as unknown as SessionDoor
      };
    }

    #keyring(): Keyring {
      const { keyring } = readConfig(this.env);
      if (!keyring) throw new Error("A home is asked only by what the edge let through.");
      return keyring;
    }
  };
}
