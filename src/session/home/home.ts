import { DEFAULTS, readConfig } from "../../config.ts";
import { ownerRef } from "../../mcp/handle.ts";
import { createHomeRequestReader } from "../../mcp/home-request.ts";
import type { Keyring } from "../../mcp/keyring.ts";
import { createResults } from "../../mcp/results.ts";
import { Calls } from "../../stores/calls.ts";
import { SpentStates } from "../../stores/spent-states.ts";
import { createOwnHistory } from "../own-history.ts";
import { closeBack, createReaders } from "../readers.ts";
import type { SessionAgentClass } from "../session-agent.ts";
import { SessionHost } from "../session-host.ts";
import { Rounds } from "./rounds.ts";
import { StatelessLane } from "./stateless-lane.ts";
import { Subscriptions } from "./subscriptions.ts";

/** The object that owns what belongs to one principal. It is the session of each of its stateless requests. Wiring only. */
export function homeOf(Base: SessionAgentClass) {
  return class Home extends Base {
    readonly #read = createHomeRequestReader();
    readonly #results = createResults(this.parts.catalog, DEFAULTS.stateless.listTtlMs);
    readonly #subscriptions = new Subscriptions(createReaders(this.ctx));
    readonly #lane = new StatelessLane({
      catalog: this.parts.catalog,
      deadlines: this.parts.deadlines,
      limits: this.parts.streamLimits,
      results: this.#results,
      rounds: new Rounds(new SpentStates(this.ctx.storage), this.#results, () => this.#keyring()),
      host: () => this.#ownHost()
    });
    #host: SessionHost | undefined;

    // Not async, as in the class that this one extends.
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

    /** Made for the first request: until then nothing is known of the configuration. */
    #ownHost(): SessionHost {
      this.#host ??= this.#createHost();
      return this.#host;
    }

    #createHost(): SessionHost {
      const keyring = this.#keyring();
      const owner = ownerRef(this.getSessionId());
      const calls = new Calls(this.ctx.storage, () => {});
      return new SessionHost({
        owner,
        config: readConfig(this.env),
        keyring,
        calls,
        deadlines: this.parts.deadlines,
        resourcesOfCalls: this.parts.catalog.resourcesOfCalls,
        historyOf: (principal) => createOwnHistory(calls, owner, keyring, principal),
        announce: (change) => this.#subscriptions.announce(change)
      });
    }

    #keyring(): Keyring {
      const { keyring } = readConfig(this.env);
      if (!keyring) throw new Error("A home serves requests that the edge let through.");
      return keyring;
    }
  };
}
