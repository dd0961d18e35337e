import { DEFAULTS, readConfig } from "../../config.ts";
import { ownerRef } from "../../mcp/handle.ts";
import type { Call, History } from "../../mcp/history.ts";
import type { Asker, SessionDoor, ShippingSession } from "../../mcp/home-door.ts";
import { type Refusal, toRefusal } from "../../mcp/refusal.ts";
import { HomeCalls } from "../../stores/home-calls.ts";
import { HomeRecord } from "../../stores/home-record.ts";
import { HomeSessions } from "../../stores/home-sessions.ts";
import type { SessionAgentClass } from "../session-agent.ts";
import { createHomeHistory, type HomeHistoryOptions, takeShipment } from "./home-history.ts";

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
      for (const store of [this.#record, this.#calls]) store.reset();
    }

    /** Forgets what is older than the retention, once a day; a home that has nothing left goes. */
    #sweepHome(): number | undefined {
      const nowMs = Date.now();
      const beforeMs = nowMs - readConfig(this.env).retentionMs;
      const isLeft = [this.#calls.prune(beforeMs), this.#sessions.prune(beforeMs)].includes(true);
      return isLeft ? nowMs + DEFAULTS.homeSweepMs : undefined;
    }

    #historyOptions(): HomeHistoryOptions {
      const { keyring } = readConfig(this.env);
      if (!keyring) throw new Error("A home is asked only by what the edge let through.");
      return {
        calls: this.#calls,
        sessions: this.#sessions,
        keyring,
        own: this.#own,
        sizeBytes: () => this.ctx.storage.sql.databaseSize,
        // The generated type of the binding names a class that is made of this one's base.
        sessionDoor: (name) => this.env.SESSION.get(this.env.SESSION.idFromName(`session:${name}`)) as unknown as SessionDoor
      };
    }
  };
}
