import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { McpAgent } from "agents/mcp";
import { type Config, DEFAULTS, readConfig } from "../config.ts";
import { Deadlines } from "../lib/deadlines.ts";
import type { Catalog } from "../mcp/catalog.ts";
import { type Change, toNotification } from "../mcp/context.ts";
import type { HomeDoor, RunNote } from "../mcp/doors/home-door.ts";
import { createObjectRequestReader, type ObjectRequest } from "../mcp/doors/session-request.ts";
import type { Principal } from "../mcp/principal.ts";
import type { Message } from "../mcp/protocol/json-rpc.ts";
import { type AtWork, RunningCalls } from "../mcp/running-calls.ts";
import { ownerRef } from "../mcp/signed/handle.ts";
import type { Keyring } from "../mcp/signed/keyring.ts";
import { isNameless, mintSessionId, type SessionInit } from "../mcp/signed/session-id.ts";
import { createSessionfulServer } from "../sdk/sessionful.ts";
import { type Serve, Switchboard } from "../sdk/switchboard.ts";
import { StoredConversation } from "../stores/conversations.ts";
import { Events } from "../stores/events.ts";
import { SessionRuns } from "../stores/session-runs.ts";
import { createBaseClass } from "./base-class.ts";
import { HomeLink } from "./home-link.ts";
import { HttpLane } from "./http-lane.ts";
import { closeBack, createReaders } from "./readers.ts";
import { createRecorder } from "./recorder.ts";
import { createRemoteHistory } from "./remote-history.ts";
import { createRemoteResults } from "./remote-results.ts";
import { createRemoteRuns } from "./remote-runs.ts";
import { sealCaller, unsealCaller } from "./sealed-caller.ts";
import { DEFAULT_OPTIONS, type SessionAgentOptions, type SessionParts } from "./session-agent-options.ts";
import { SessionHost } from "./session-host.ts";
import { SessionLife } from "./session-life.ts";
import { SocketLane } from "./socket-lane.ts";
import { type SocketAttachment, Sockets } from "./sockets.ts";
import { sweepSession } from "./sweep-session.ts";

/**
 * The object that owns one session of a catalog: its connection, its calls. Wiring only; everything on its prototype can be
 * called over RPC.
 */
export function sessionAgentOf(catalog: Catalog, options: Partial<SessionAgentOptions> = {}) {
  const { createCalls, streamLimits, socketLimits, shipping, callLimits, isStillValid, endAccess } = { ...DEFAULT_OPTIONS, ...options };
  return class SessionAgent extends McpAgent<Env, unknown, { principal: Principal }> {
    // Set by init(), which every request awaits before anything reads it.
    override server!: Server;
    readonly #read = createObjectRequestReader();
    readonly #deadlines = new Deadlines();
    readonly #switchboard = new Switchboard();
    readonly #running = new RunningCalls();
    readonly #holdWhile = (done: Promise<void>) => this.ctx.waitUntil(this.#life.holdWhile(done));
    readonly #link = new HomeLink({
      storage: this.ctx.storage,
      createCalls,
      shipping,
      name: () => this.getSessionId(),
      // The generated type of the binding names a class that is made of this one.
      homeDoor: (name) => this.env.HOME.get(this.env.HOME.idFromName(`home:${name}`)) as unknown as HomeDoor,
      endedMs: () => this.#life.endedMs,
      wakeAt: (atMs) => this.#life.wakeAt(atMs)
    });
    readonly #events = new Events(this.ctx.storage, (expiresMs) => this.#remember(expiresMs));
    readonly #runs = new SessionRuns(this.ctx.storage, this.#link.record);
    readonly #conversation = new StoredConversation(this.ctx.storage, () => this.#remember(this.#link.facts().expiresMs));
    readonly #life = new SessionLife(
      this.ctx.storage,
      createBaseClass(this, () => super._ensureSchema()),
      () => this._sweep()
    );
    readonly #http = new HttpLane({
      switchboard: this.#switchboard,
      events: this.#events,
      deadlines: this.#deadlines,
      limits: streamLimits,
      readers: createReaders(this.ctx),
      holdWhile: this.#holdWhile
    });
    readonly #sockets = new Sockets(this.ctx);
    readonly #socketLane = new SocketLane({
      catalog,
      switchboard: this.#switchboard,
      events: this.#events,
      sockets: this.#sockets,
      limits: socketLimits,
      connect: ({ init, principal }) => this.#ready(init, principal),
      introduce: (init, attachment) => this.#introduce(init, attachment),
      isStillValid: ({ principal, proof }) => isStillValid(principal, proof, this.env),
      callerOf: (attachment) => unsealCaller(this.#keyring(), attachment),
      holdWhile: this.#holdWhile
    });
    /** For the class that extends this one. */
    protected readonly parts: SessionParts = {
      ...{ catalog, streamLimits, callLimits, deadlines: this.#deadlines, life: this.#life },
      ...{ running: this.#running, holdWhile: this.#holdWhile },
      isStillValid: (principal, proof) => isStillValid(principal, proof, this.env),
      endAccess: (caller) => endAccess(caller, this.env)
    };
    #serveRequest: Serve = () => Promise.reject(new Error("A request came before the session was connected."));
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
      // The runtime brings what comes after our close, too, as long as the client does not close its side.
      if (this.#life.endedMs) return Promise.resolve();
      return this.#socketLane.receive(socket, frame);
    }

    override webSocketClose(socket: WebSocket, code: number): void {
      this.#socketLane.drop(socket);
      closeBack(socket, code);
    }

    /** The close that follows says the same. */
    override webSocketError(): void {}

    override async alarm(): Promise<void> {
      if (SessionLife.hasBase(this.ctx.storage)) {
        await this.#life.resume();
        return super.alarm();
      }
      if (!(await this.#life.sweep())) return;
      await this.ctx.storage.deleteAll();
      this._reset();
    }

    /** What the base class's schedule runs where its alarm has taken the place of ours. */
    sweepSession(): Promise<void> {
      return this.#sweepSession();
    }

    /** What a principal's home asks for one of its sessions. */
    endSession(expiresMs: number): Promise<boolean> {
      const wasOpen = !this.#life.endedMs;
      if (wasOpen) this.#end(expiresMs);
      return Promise.resolve(wasOpen);
    }

    /** Likewise. */
    holdsClaim(claim: string): Promise<boolean> {
      return Promise.resolve(this.#link.keys.has(claim));
    }

    /** Likewise. */
    noteRun(run: RunNote): Promise<void> {
      if (this.#link.record.facts && !this.#life.endedMs) this.#runs.put(run);
      this.#announce({ resource: `run://${run.run}` });
      return Promise.resolve();
    }

    /** Likewise. What has ended here home has when this answers. */
    watchCall(seq: number, waitMs: number): Promise<AtWork | undefined> {
      return this.#running.watch(seq, waitMs).then((atWork) => atWork ?? this.#link.shipper.ship().then(() => undefined));
    }

    /** Likewise. */
    stopCall(seq: number): Promise<boolean> {
      return Promise.resolve(this.#running.stop(seq));
    }

    /** Likewise. */
    dropCalls(seqs: readonly number[]): Promise<void> {
      this.#link.calls.drop(seqs);
      return Promise.resolve();
    }

    /** Does what is due: see {@link SessionLife}. */
    protected _sweep(): Promise<number | undefined> {
      return sweepSession({
        link: this.#link,
        events: this.#events,
        endedMs: this.#life.endedMs,
        hasSockets: () => this.ctx.getWebSockets().length > 0
      });
    }

    /** The storage was emptied, and the object may be asked again. */
    protected _reset(): void {
      for (const store of [this.#link, this.#events, this.#runs, this.#conversation]) store.reset();
    }

    protected override _ensureSchema(): void {
      if (SessionLife.hasBase(this.ctx.storage)) super._ensureSchema();
    }

    async #serve(request: Request, asked: ObjectRequest): Promise<Response> {
      const { verb, slicePath, caller, init, lastEventId } = asked;
      if (this.#life.endedMs) return new Response(null, { status: 404 });
      if (verb === "alive") return new Response(null, { status: 204 });
      if (verb === "socket") return this.#openSocket(asked);
      if (verb === "end") return this.#endByClient(asked);
      if (verb === "get") return this.#http.get(lastEventId);
      const slice = catalog.sliceAt(slicePath);
      if (!slice) throw new Error(`The edge let ${slicePath} through.`);
      this.props = { principal: caller.principal };
      const serve = await this.#ready(init, caller.principal);
      return this.#http.post(await request.json<Message | Message[]>(), init.revision, { ...caller, slice }, serve);
    }

    /** Connects the session for its first request. */
    async #ready(init: SessionInit, principal: Principal): Promise<Serve> {
      if (!this.#link.client) this.#link.introduce(principal, isNameless(init) ? (this.#sockets.introduced() ?? init) : init);
      this.#connected ??= this.init().catch((error: unknown) => {
        this.#connected = undefined; // the next request tries again
        throw error;
      });
      await this.#connected;
      return this.#serveRequest;
    }

    #openSocket({ caller, slicePath, init, resume }: ObjectRequest): Response {
      if (this.#sockets.all().length >= DEFAULTS.socketsPerSession && !(resume && this.#sockets.named(resume)))
        return new Response(null, { status: 429 });
      const name = resume ?? crypto.randomUUID().replaceAll("-", "").slice(0, 16);
      const { socket, response } = this.#sockets.accept({
        name,
        ...sealCaller(this.#keyring(), caller),
        checkedMs: Date.now(),
        slicePath,
        init
      });
      if (resume) this.#socketLane.resume(socket, resume);
      return response;
    }

    /** A client that came by a socket says who it is: an id that says so too lets it go on over HTTP. */
    #introduce(init: SessionInit, { principal }: SocketAttachment): string {
      this.#link.introduce(principal, init);
      return mintSessionId(this.#keyring(), principal.id, init, this.getSessionId());
    }

    /** What the session id says of the client was told to the link before. */
    async #connect(): Promise<void> {
      const init = this.#link.client;
      if (!init) throw new Error("A session starts with a request that the edge let through.");
      await this.#life.wake(this.#link.facts().expiresMs);
      const host = this.#createHost(readConfig(this.env));
      const options = { catalog, host, conversation: this.#conversation, switchboard: this.#switchboard, init, askMs: DEFAULTS.askMs };
      const { server, serve } = await createSessionfulServer(options);
      this.server = server;
      this.#serveRequest = serve;
    }

    #createHost(config: Config): SessionHost {
      const owner = ownerRef(this.getSessionId());
      return new SessionHost({
        permits: this.#link.createPermits(config),
        keys: this.#link.keys,
        owner,
        config,
        keyring: this.#keyring(),
        calls: createRecorder(this.#link.calls, config.history, () => this.#link.shipper.noticed()),
        ...{ deadlines: this.#deadlines, limits: callLimits, running: this.#running, holdWhile: this.#holdWhile },
        publish: () => this.#link.shipper.ship(),
        resourcesOfCalls: catalog.resourcesOfCalls,
        historyOf: ({ id }) => createRemoteHistory(this.#link.home(), { principalId: id, session: owner }, () => this.#link.shipper.ship()),
        runsOf: (caller) =>
          createRemoteRuns(this.#link.home(), { principalId: caller.principal.id, caller, session: owner }, () =>
            this.#link.shipper.ship()
          ),
        resultsOf: ({ id }) => createRemoteResults(() => this.#link.home(), { principalId: id, session: owner }),
        endAccess: (caller) => endAccess(caller, this.env),
        announce: (change) => this.#announce(change)
      });
    }

    #keyring(): Keyring {
      const { keyring } = readConfig(this.env);
      if (!keyring) throw new Error("A session starts with a request that the edge let through.");
      return keyring;
    }

    /** Each message goes to one connection only, as the protocol asks. */
    #announce(change: Change): void {
      if ("resource" in change && !this.#conversation.isSubscribed(change.resource)) return;
      const message = toNotification(change);
      if (!this.#socketLane.announce(message)) this.#http.announce(message);
    }

    #endByClient({ init, caller }: ObjectRequest): Response {
      this.#link.introduce(caller.principal, init);
      this.#end(this.#link.record.ensure().expiresMs);
      return new Response(null, { status: 204 });
    }

    #end(expiresMs: number): void {
      const { endedMs } = this.#life;
      if (endedMs) return;
      const isKnown = this.#link.record.facts !== undefined;
      this.#life.end();
      this.#life.wakeAt(isKnown ? Date.now() + shipping.delayMs : expiresMs);
      this.#http.closeStreams();
      for (const socket of this.ctx.getWebSockets()) socket.close(1000, "the session was ended");
    }

    async #sweepSession(): Promise<void> {
      if (await this.#life.sweep()) await this.destroy();
    }

    /** Something of the session is stored: it must be swept at a time. */
    #remember(atMs: number): void {
      this.#link.record.ensure();
      this.#life.wakeAt(atMs);
    }
  };
}

/** The class of one catalog's sessions. */
export type SessionAgentClass = ReturnType<typeof sessionAgentOf>;
