import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { McpAgent } from "agents/mcp";
import { DEFAULTS, readConfig } from "../config.ts";
import { Deadlines } from "../lib/deadlines.ts";
import type { Catalog } from "../mcp/catalog.ts";
import { type Change, toNotification } from "../mcp/context.ts";
import type { Conversation } from "../mcp/conversation.ts";
import { ownerRef } from "../mcp/handle.ts";
import type { Message } from "../mcp/json-rpc.ts";
import type { Principal } from "../mcp/principal.ts";
import { isNameless, mintSessionId, SESSION_TTL_MS, type SessionInit } from "../mcp/session-id.ts";
import { createObjectRequestReader, type ObjectRequest } from "../mcp/session-request.ts";
import { createSessionfulServer } from "../sdk/sessionful.ts";
import { type Serve, Switchboard } from "../sdk/switchboard.ts";
import { Calls } from "../stores/calls.ts";
import { StoredConversation } from "../stores/conversations.ts";
import { Events } from "../stores/events.ts";
import { HttpLane, type StreamLimits } from "./http-lane.ts";
import { createOwnHistory } from "./own-history.ts";
import { closeBack, createReaders } from "./readers.ts";
import { SessionHost } from "./session-host.ts";
import { SessionLife } from "./session-life.ts";
import { SocketLane, type SocketLimits } from "./socket-lane.ts";
import { type SocketAttachment, Sockets } from "./sockets.ts";

/** What a test may make otherwise, to see that it notices. */
export interface SessionAgentOptions {
  /** Makes the store of calls: one that writes too late loses some when it is killed. */
  createCalls(storage: DurableObjectStorage, onFirstCall: () => void): Calls;
  /** How much is held for a client: without bounds one that does not read fills the memory. */
  readonly streamLimits: StreamLimits;
  readonly socketLimits: SocketLimits;
  /** Whether credentials that opened a socket are still good. A parameter, because credentials are above this layer. */
  isStillValid(attachment: SocketAttachment, env: Env): Promise<boolean>;
}

/** What a class that extends the session's uses of it. */
export interface SessionParts {
  readonly catalog: Catalog;
  readonly deadlines: Deadlines;
  readonly life: SessionLife;
  readonly streamLimits: StreamLimits;
}

const DEFAULT_OPTIONS: SessionAgentOptions = {
  createCalls: (storage, onFirstCall) => new Calls(storage, onFirstCall),
  streamLimits: DEFAULTS.stream,
  socketLimits: DEFAULTS.socket,
  isStillValid: async ({ credential }) => credential === undefined
};

/**
 * The object that owns one session of a catalog: its connection, its calls. Wiring only; everything on its prototype can be
 * called over RPC.
 */
export function sessionAgentOf(catalog: Catalog, options: Partial<SessionAgentOptions> = {}) {
  const { createCalls, streamLimits, socketLimits, isStillValid } = { ...DEFAULT_OPTIONS, ...options };
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
    readonly #sockets = new Sockets(this.ctx);
    readonly #socketLane = new SocketLane({
      catalog,
      switchboard: this.#switchboard,
      events: this.#events,
      sockets: this.#sockets,
      limits: socketLimits,
      connect: (init) => this.#ready(init),
      introduce: (init, attachment) => this.#introduce(init, attachment),
      isStillValid: (attachment) => isStillValid(attachment, this.env),
      holdWhile: (done) => this.ctx.waitUntil(this.#life.holdWhile(done))
    });
    /** For the class that extends this one. */
    protected readonly parts: SessionParts = { catalog, deadlines: this.#deadlines, life: this.#life, streamLimits };
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

    override webSocketMessage(socket: WebSocket, frame: string | ArrayBuffer): Promise<void> {
      return this.#socketLane.receive(socket, frame);
    }

    override webSocketClose(socket: WebSocket, code: number): void {
      this.#socketLane.drop(socket);
      closeBack(socket, code);
    }

    /** The close that follows says the same. */
    override webSocketError(): void {}

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

    async #serve(request: Request, asked: ObjectRequest): Promise<Response> {
      const { verb, slicePath, principal, init, lastEventId } = asked;
      if (this.#life.isEnded) return new Response(null, { status: 404 });
      if (verb === "alive") return new Response(null, { status: 204 });
      if (verb === "socket") return this.#openSocket(asked);
      if (verb === "end") return this.#end(init);
      if (verb === "get") return this.#http.get(lastEventId);
      const slice = catalog.sliceAt(slicePath);
      if (!slice) throw new Error(`The edge let ${slicePath} through.`);
      this.props = { principal };
      const serve = await this.#ready(init);
      return this.#http.post(await request.json<Message | Message[]>(), init.revision, { principal, slice }, serve);
    }

    /** Connects the session for its first request. */
    async #ready(init: SessionInit): Promise<Serve> {
      this.#client ??= isNameless(init) ? (this.#sockets.introduced() ?? init) : init;
      this.#connected ??= this.init().catch((error: unknown) => {
        this.#connected = undefined; // the next request tries again
        throw error;
      });
      await this.#connected;
      return this.#serveRequest;
    }

    #openSocket({ principal, credential, slicePath, init, resume }: ObjectRequest): Response {
      if (this.#sockets.all().length >= DEFAULTS.socketsPerSession && !(resume && this.#sockets.named(resume)))
        return new Response(null, { status: 429 });
      const name = resume ?? crypto.randomUUID().replaceAll("-", "").slice(0, 16);
      const { socket, response } = this.#sockets.accept({ name, principal, credential, checkedMs: Date.now(), slicePath, init });
      if (resume) this.#socketLane.resume(socket, resume);
      return response;
    }

    /** A client that came by a socket says who it is: an id that says so too lets it go on over HTTP. */
    #introduce(init: SessionInit, { principal }: SocketAttachment): string {
      const { keyring } = readConfig(this.env);
      if (!keyring) throw new Error("A session starts with a request that the edge let through.");
      this.#client ??= init;
      return mintSessionId(keyring, principal.id, init, this.getSessionId());
    }

    /** What the session id says of the client was put in #client before. */
    async #connect(): Promise<void> {
      const config = readConfig(this.env);
      const init = this.#client;
      if (!init || !config.keyring) throw new Error("A session starts with a request that the edge let through.");
      await this.#life.wake(this.#expiresMs());
      const expire = () => this.#life.expireAt(this.#expiresMs());
      const conversation = new StoredConversation(this.ctx.storage, expire);
      const { keyring } = config;
      const owner = ownerRef(this.getSessionId());
      const calls = createCalls(this.ctx.storage, expire);
      const host = new SessionHost({
        owner,
        config,
        keyring,
        calls,
        deadlines: this.#deadlines,
        resourcesOfCalls: catalog.resourcesOfCalls,
        historyOf: (principal) => createOwnHistory(calls, owner, keyring, principal),
        announce: (change) => this.#announce(change, conversation)
      });
      const options = { catalog, host, conversation, switchboard: this.#switchboard, init, askMs: DEFAULTS.askMs };
      const { server, serve } = await createSessionfulServer(options);
      this.server = server;
      this.#serveRequest = serve;
    }

    /** Each message goes to one connection only, as the protocol asks. */
    #announce(change: Change, conversation: Conversation): void {
      if ("resource" in change && !conversation.isSubscribed(change.resource)) return;
      const message = toNotification(change);
      if (!this.#socketLane.announce(message)) this.#http.announce(message);
    }

    #end({ issuedMs }: SessionInit): Response {
      this.#life.end(issuedMs + SESSION_TTL_MS);
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

/** The class of one catalog's sessions. */
export type SessionAgentClass = ReturnType<typeof sessionAgentOf>;
