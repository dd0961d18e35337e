import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { McpAgent } from "agents/mcp";
import { DEFAULTS, readConfig } from "../config.ts";
import { Deadlines } from "../lib/deadlines.ts";
import type { Catalog } from "../mcp/catalog.ts";
import type { Message } from "../mcp/json-rpc.ts";
import type { Principal } from "../mcp/principal.ts";
import { SESSION_TTL_MS, type SessionInit } from "../mcp/session-id.ts";
import { createObjectRequestReader, type ObjectRequest } from "../mcp/session-request.ts";
import { createSessionfulServer } from "../sdk/sessionful.ts";
import { type Serve, Switchboard } from "../sdk/switchboard.ts";
import { Calls } from "../stores/calls.ts";
import { StoredConversation } from "../stores/conversations.ts";
import { Events } from "../stores/events.ts";
import { HttpLane, type StreamLimits } from "./http-lane.ts";
import { createReaders } from "./readers.ts";
import { SessionHost } from "./session-host.ts";
import { SessionLife } from "./session-life.ts";

/** What a test may make otherwise, to see that it notices. */
export interface SessionAgentOptions {
  /** Makes the store of calls: one that writes too late loses some when it is killed. */
  createCalls(storage: DurableObjectStorage, onFirstCall: () => void): Calls;
  /** How much of a stream is held: without bounds a client that does not read fills the memory. */
  readonly streamLimits: StreamLimits;
}

const DEFAULT_OPTIONS: SessionAgentOptions = {
  createCalls: (storage, onFirstCall) => new Calls(storage, onFirstCall),
  streamLimits: DEFAULTS.stream
};

/** They say that there was no code, or no close, and may not be sent: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const UNSENDABLE_CODES = new Set([1004, 1005, 1006, 1015]);

/**
 * The object that owns one session of a catalog: its connection, its calls. Wiring only; everything on its prototype can be
 * called over RPC.
 */
export function sessionAgentOf(catalog: Catalog, options: Partial<SessionAgentOptions> = {}) {
  const { createCalls, streamLimits } = { ...DEFAULT_OPTIONS, ...options };
  return class SessionAgent extends McpAgent<Env, unknown, { principal: Principal }> {
    // Set by init(), which every request awaits before anything reads it.
    override server!: Server;
    readonly #read = createObjectRequestReader();
    readonly #deadlines = new Deadlines();
    readonly #switchboard = new Switchboard();
    readonly #events = new Events(this.ctx.storage, (expiresMs) => this.#life.sweepAt(expiresMs, this.#expiresMs()));
    readonly #life = new SessionLife(this.ctx.storage, this.#base(), () => this.#events.sweep());
    readonly #http = new HttpLane({
      switchboard: this.#switchboard,
      events: this.#events,
      deadlines: this.#deadlines,
      limits: streamLimits,
      readers: createReaders(this.ctx),
      holdWhile: (done) => this.ctx.waitUntil(this.#life.holdWhile(done))
    });
    #serveRequest: Serve = () => Promise.reject(new Error("A request came before the session was connected."));
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
      return this.#serve(request, this.#read(request));
    }

    /** Who reads a stream sends nothing. */
    override webSocketMessage(): void {}

    override webSocketClose(socket: WebSocket, code: number): void {
      socket.close(UNSENDABLE_CODES.has(code) ? 1000 : code);
    }

    override async alarm(): Promise<void> {
      if (SessionLife.hasBase(this.ctx.storage)) return super.alarm();
      if (await this.#life.sweep()) await this.ctx.storage.deleteAll();
    }

    /** What the base class's schedule runs where its alarm has taken the place of ours. */
    sweepSession(): Promise<void> {
      return this.#sweepSession();
    }

    protected override _ensureSchema(): void {
      if (SessionLife.hasBase(this.ctx.storage)) super._ensureSchema();
    }

    async #serve(request: Request, { verb, slicePath, principal, init, lastEventId }: ObjectRequest): Promise<Response> {
      if (this.#life.isEnded) return new Response(null, { status: 404 });
      if (verb === "alive") return new Response(null, { status: 204 });
      this.#client ??= init;
      if (verb === "end") return this.#end();
      if (verb === "get") return this.#http.get(lastEventId);
      const slice = catalog.sliceAt(slicePath);
      if (!slice) throw new Error(`The edge let ${slicePath} through.`);
      this.props = { principal };
      this.#connected ??= this.init().catch((error: unknown) => {
        this.#connected = undefined; // the next request tries again
        throw error;
      });
      await this.#connected;
      return this.#http.post(await request.json<Message | Message[]>(), init.revision, { principal, slice }, this.#serveRequest);
    }

    /** What the session id says of the client was put in #client before. */
    async #connect(): Promise<void> {
      const config = readConfig(this.env);
      const init = this.#client;
      if (!init || !config.keyring) throw new Error("A session starts with a request that the edge let through.");
      await this.#life.wake();
      const expire = () => this.#life.expireAt(this.#expiresMs());
      const conversation = new StoredConversation(this.ctx.storage, expire);
      const host = new SessionHost({
        sessionName: this.getSessionId(),
        config,
        keyring: config.keyring,
        calls: createCalls(this.ctx.storage, expire),
        deadlines: this.#deadlines,
        conversation,
        resourcesOfCalls: catalog.resourcesOfCalls,
        notify: (method, params) => this.#http.announce({ jsonrpc: "2.0", method, ...(params && { params }) })
      });
      const options = { catalog, host, conversation, switchboard: this.#switchboard, init, askMs: DEFAULTS.askMs };
      const { server, serve } = await createSessionfulServer(options);
      this.server = server;
      this.#serveRequest = serve;
    }

    #end(): Response {
      this.#life.end(this.#expiresMs());
      this.#http.closeStreams();
      for (const socket of this.ctx.getWebSockets()) socket.close(1000, "the session was ended");
      return new Response(null, { status: 204 });
    }

    async #sweepSession(): Promise<void> {
      if (await this.#life.sweep()) await this.destroy();
    }

    #expiresMs(): number {
      return (this.#client?.issuedMs ?? Date.now()) + SESSION_TTL_MS;
    }

    #base() {
      return {
        ensureSchema: () => super._ensureSchema(),
        start: () => this.lifecycle.start(),
        keepAliveWhile: (work: () => Promise<void>) => this.keepAliveWhile(work),
        scheduleSweep: async (atMs: number) => {
          const seconds = Math.ceil(atMs / 1000);
          // The time is the payload as well, by which equal schedules are one: each sweep asks for the object's end again.
          await this.schedule(new Date(seconds * 1000), "sweepSession", seconds, { idempotent: true });
        }
      };
    }
  };
}
