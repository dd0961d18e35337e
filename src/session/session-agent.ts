import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { McpAgent } from "agents/mcp";
import { DEFAULTS, readConfig } from "../config.ts";
import { Deadlines } from "../lib/deadlines.ts";
import type { Catalog } from "../mcp/catalog.ts";
import type { Message } from "../mcp/json-rpc.ts";
import type { Principal } from "../mcp/principal.ts";
import { SESSION_TTL_MS, type SessionInit } from "../mcp/session-id.ts";
import { fromObjectRequest } from "../mcp/session-request.ts";
import { connect, createSessionfulServer } from "../sdk/sessionful.ts";
import { Switchboard } from "../sdk/switchboard.ts";
import { Calls } from "../stores/calls.ts";
import { HttpLane } from "./http-lane.ts";
import { SessionHost } from "./session-host.ts";

/** Makes the store of calls; a parameter, so that a durability test can run with one that writes too late. */
export type CreateCalls = (storage: DurableObjectStorage, onFirstCall: () => void) => Calls;

/**
 * The object that owns one session of a catalog: its connection, its calls. Wiring only; everything on its prototype can be
 * called over RPC.
 */
export function sessionAgentOf(catalog: Catalog, createCalls: CreateCalls = (storage, onFirstCall) => new Calls(storage, onFirstCall)) {
  return class SessionAgent extends McpAgent<Env, unknown, { principal: Principal }> {
    // Set by init(), which every request awaits before anything reads it.
    override server!: Server;
    readonly #deadlines = new Deadlines();
    readonly #switchboard = new Switchboard();
    readonly #http = new HttpLane(this.#switchboard, { deadlines: this.#deadlines, silenceMs: DEFAULTS.silenceMs });
    #client: SessionInit | undefined;
    #connected: Promise<void> | undefined;

    // Here and below not async: the base class wraps the async methods that it does not know, and the wrapper starts its life cycle.
    override init(): Promise<void> {
      return this.#connect();
    }

    /** The base class would connect a transport of its own. */
    override async onStart(): Promise<void> {}

    override getTransportType(): "streamable-http" {
      return "streamable-http"; // the base class reads it out of the name, and ours are session:<name>
    }

    override fetch(request: Request): Promise<Response> {
      return this.#serve(request);
    }

    /** Stands at the expiry of the session's id: after it nobody can ask for what is here. */
    override async alarm(): Promise<void> {
      await this.ctx.storage.deleteAll();
    }

    /** The base class's tables cost 39 rows; they wait until something needs its life cycle. */
    protected override _ensureSchema(): void {
      if (this.ctx.storage.kv.get(BASE_NEEDED)) super._ensureSchema();
    }

    async #serve(request: Request): Promise<Response> {
      const { verb, principal, slicePath, init } = fromObjectRequest(request);
      const slice = catalog.sliceAt(slicePath);
      if (verb !== "post" || !slice) throw new Error(`The edge asked for ${verb} at ${slicePath}.`);
      this.props = { principal };
      this.#client ??= init;
      this.#connected ??= this.init().catch((error: unknown) => {
        this.#connected = undefined; // the next request tries again
        throw error;
      });
      await this.#connected;
      const body = await request.json<Message | Message[]>();
      return this.#http.post(body, { principal, slice });
    }

    /** What the session id says of the client was put in #client before. */
    async #connect(): Promise<void> {
      const config = readConfig(this.env);
      if (!this.#client || !config.keyring) throw new Error("A session starts with a request that the edge let through.");
      const { issuedMs } = this.#client;
      const calls = createCalls(this.ctx.storage, () => void this.ctx.storage.setAlarm(issuedMs + SESSION_TTL_MS));
      const host = new SessionHost({
        sessionName: this.getSessionId(),
        config,
        keyring: config.keyring,
        calls,
        deadlines: this.#deadlines
      });
      this.server = createSessionfulServer(catalog, host, this.#client);
      await connect(this.server, this.#switchboard, this.#client);
    }
  };
}

const BASE_NEEDED = "base_needed";
