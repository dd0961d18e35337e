import { DEFAULTS, readConfig } from "../../config.ts";
import type { CatalogSlice } from "../../mcp/catalog.ts";
import type { Asker, KeyClaim, KeyGrant, Leased, LeaseReport, RunAsker, SessionDoor, ShippingSession } from "../../mcp/doors/home-door.ts";
import { createHomeRequestReader } from "../../mcp/doors/home-request.ts";
import { type Refusal, toRefusal } from "../../mcp/doors/refusal.ts";
import type { Call, History } from "../../mcp/history.ts";
import type { KeyedOutcome } from "../../mcp/idempotency.ts";
import type { Caller } from "../../mcp/principal.ts";
import { createAnswers } from "../../mcp/requests/answers.ts";
import type { ResultKeeper } from "../../mcp/results.ts";
import type { Runs } from "../../mcp/runs.ts";
import { ownerRef } from "../../mcp/signed/handle.ts";
import type { Keyring } from "../../mcp/signed/keyring.ts";
import { faultsOf } from "../../mcp/workflow/workflow-faults.ts";
import { HomeCalls } from "../../stores/home-calls.ts";
import { HomeRecord } from "../../stores/home-record.ts";
import { HomeSessions } from "../../stores/home-sessions.ts";
import { IdempotencyKeys } from "../../stores/idempotency-keys.ts";
import { RateStates } from "../../stores/rate-states.ts";
import { ResultStore } from "../../stores/results.ts";
import { RunStore } from "../../stores/runs.ts";
import { SpentStates } from "../../stores/spent-states.ts";
import { WorkflowStore } from "../../stores/workflows.ts";
import { HeldKeys } from "../held-keys.ts";
import { LeasedPermits } from "../permits.ts";
import { closeBack, createReaders } from "../readers.ts";
import { createRecorder } from "../recorder.ts";
import { RunEngine } from "../run-engine/run-engine.ts";
import type { SessionAgentClass } from "../session-agent.ts";
import { SessionHost } from "../session-host.ts";
import { SessionLife } from "../session-life.ts";
import { createHomeHistory, type HomeHistoryOptions, takeShipment } from "./home-history.ts";
import { createHomeResults, type HomeResultsOptions } from "./home-results.ts";
import { createHomeRuns } from "./home-runs.ts";
import { KeyDesk } from "./key-desk.ts";
import { RateDesk } from "./rate-desk.ts";
import { Rounds } from "./rounds.ts";
import { RunNews } from "./run-news.ts";
import { serveResult } from "./serve-result.ts";
import { StatelessLane } from "./stateless-lane.ts";
import { Subscriptions } from "./subscriptions.ts";

/** Schedules go by whole seconds. */
const SECOND_MS = 1000;

/** What a test may make otherwise, to see that it notices. */
export interface HomeOptions {
  /** Makes the store of runs: one that does not note a write before it is sent sends some twice. */
  createRuns(storage: DurableObjectStorage, record: HomeRecord): RunStore;
}

const DEFAULT_OPTIONS: HomeOptions = { createRuns: (storage, record) => new RunStore(storage, record) };

/**
 * The object that owns what belongs to one principal, and the session of each of its stateless requests. Wiring only; everything
 * on its prototype can be called over RPC, and nothing of it is async: the base class would start its life cycle first.
 */
export function homeOf(Base: SessionAgentClass, options: Partial<HomeOptions> = {}) {
  const { createRuns } = { ...DEFAULT_OPTIONS, ...options };
  return class Home extends Base {
    readonly #own = ownerRef(this.getSessionId());
    readonly #record = new HomeRecord(this.ctx.storage, () => this.parts.life.wakeFirstAt(Date.now() + DEFAULTS.homeSweepMs));
    readonly #calls = new HomeCalls(this.ctx.storage, this.#record, this.#own);
    readonly #sessions = new HomeSessions(this.ctx.storage, this.#record);
    readonly #states = new SpentStates(this.ctx.storage, this.#record);
    readonly #subscriptions = new Subscriptions(createReaders(this.ctx));
    readonly #read = createHomeRequestReader();
    readonly #answers = createAnswers(this.parts.catalog, DEFAULTS.stateless.listTtlMs);
    readonly #lane = new StatelessLane({
      catalog: this.parts.catalog,
      deadlines: this.parts.deadlines,
      limits: this.parts.streamLimits,
      answers: this.#answers,
      rounds: new Rounds(this.#states, this.#answers, () => this.#keyring()),
      host: () => this.#ownHost()
    });
    readonly #keyRows = new IdempotencyKeys(this.ctx.storage, this.#record);
    readonly #desk = new KeyDesk({
      ...DEFAULTS.keys,
      keys: this.#keyRows,
      keyring: () => this.#keyring(),
      isHeld: (holder, claim) => this.#isHeld(holder, claim)
    });
    readonly #ownKeys = new HeldKeys(
      () => this,
      () => this.getSessionId()
    );
    readonly #rate = new RateDesk(new RateStates(this.ctx.storage, this.#record), () => readConfig(this.env).rate, DEFAULTS.leaseMs);
    readonly #results = new ResultStore(this.ctx.storage, this.#record);
    readonly #runStore = createRuns(this.ctx.storage, this.#record);
    readonly #workflows = new WorkflowStore(this.ctx.storage, this.#record);
    readonly #runNews = new RunNews({
      store: this.#runStore,
      sessions: this.#sessions,
      keyring: () => this.#keyring(),
      own: this.#own,
      sessionDoor: (name) => this.#sessionDoor(name),
      announce: (change) => this.#subscriptions.announce(change)
    });
    readonly #engine = new RunEngine({
      ...DEFAULTS.runs,
      store: this.#runStore,
      keyring: () => this.#keyring(),
      slice: () => this.#all(),
      shipped: this.parts.catalog.workflows,
      host: () => this.#ownHost(),
      isStillValid: this.parts.isStillValid,
      wakeAt: (atMs) => this.parts.life.wakeAt(atMs),
      hold: (done) => this.ctx.waitUntil(this.parts.life.holdWhile(done)),
      onChange: (run) => this.#runNews.tell(run),
      onIdle: () => this.ctx.waitUntil(this.#rest())
    });
    #host: SessionHost | undefined;
    #woken: Promise<void> | undefined;

    /** Runs that were at work when the object was lost go on. */
    override async onStart(): Promise<void> {
      this.#engine.resume();
    }

    override fetch(request: Request): Promise<Response> {
      const asked = this.#read(request);
      this.#wake();
      if (asked.verb === "listen") return Promise.resolve(this.#subscriptions.open(asked.subscription ?? ""));
      if (asked.download) return Promise.resolve(serveResult(this.#resultOptions(), asked.caller.principal.id, asked.download));
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
    ship(session: ShippingSession, calls: readonly Call[], report: LeaseReport | undefined): Promise<void> {
      takeShipment({ calls: this.#calls, sessions: this.#sessions }, session, calls);
      if (report) this.#rate.report(report);
      for (const resource of this.parts.catalog.resourcesOfCalls) this.#subscriptions.announce({ resource });
      return Promise.resolve();
    }

    /** Leases permits of the principal's rate limit: see {@link HomeDoor}. */
    leasePermits(report: LeaseReport | undefined): Promise<Leased> {
      return Promise.resolve(this.#rate.lease(report));
    }

    /** Gives a key to who asks first: see {@link KeyDesk}. */
    claimKey(claim: KeyClaim): Promise<KeyGrant> {
      return this.#desk.claim(claim);
    }

    settleKey(key: string, claim: string, outcome: KeyedOutcome): Promise<void> {
      return Promise.resolve(this.#desk.settle(key, claim, outcome));
    }

    releaseKey(key: string, claim: string): Promise<void> {
      return Promise.resolve(this.#desk.release(key, claim));
    }

    /** Answers a session's question for the history: see {@link HomeDoor}. */
    askHistory(asker: Asker, method: keyof History, argument: unknown): Promise<{ value: unknown } | Refusal> {
      // The session and its home are of one build, and the session's types have checked the argument.
      const answer = createHomeHistory(this.#historyOptions(asker.principalId), asker)[method] as (argument: unknown) => Promise<unknown>;
      return answer(argument).then((value) => ({ value }), toRefusal);
    }

    /** Answers a session's question for stored results: see {@link HomeDoor}. */
    askResults({ principalId }: Asker, method: keyof ResultKeeper, args: readonly unknown[]): Promise<{ value: unknown } | Refusal> {
      // As with the history.
      const answer = createHomeResults(this.#resultOptions(), principalId)[method] as (...args: readonly unknown[]) => Promise<unknown>;
      return answer(...args).then((value) => ({ value }), toRefusal);
    }

    /** Answers a session's question for runs: see {@link HomeDoor}. */
    askRuns(asker: RunAsker, method: keyof Runs, args: readonly unknown[]): Promise<{ value: unknown } | Refusal> {
      this.#wake();
      // As with the history.
      const answer = this.#runsOf(asker)[method] as (...args: readonly unknown[]) => Promise<unknown>;
      return answer(...args).then((value) => ({ value }), toRefusal);
    }

    /** Has runs go on with the credentials of who has come: see {@link HomeDoor}. */
    renewCredentials(caller: Caller): Promise<void> {
      this.#wake();
      this.#runNews.meet(caller.principal.id);
      this.#engine.renew(caller);
      return Promise.resolve();
    }

    protected override _sweep(): Promise<number | undefined> {
      return Promise.resolve(this.#sweepHome());
    }

    protected override _reset(): void {
      super._reset();
      for (const store of [
        this.#record,
        this.#calls,
        this.#states,
        this.#keyRows,
        this.#rate,
        this.#runStore,
        this.#workflows,
        this.#results
      ])
        store.reset();
    }

    /** Sees to the runs, and forgets what is older than the retention, once a day; a home that has nothing left goes. */
    #sweepHome(): number | undefined {
      const nowMs = Date.now();
      const dueMs = this.#engine.resume() ?? Number.POSITIVE_INFINITY;
      const lookMs = this.#engine.isDriving ? nowMs + DEFAULTS.runs.lookMs : Number.POSITIVE_INFINITY;
      const beforeMs = nowMs - readConfig(this.env).retentionMs;
      this.#engine.endSignedOut(beforeMs);
      const isLeft = [
        ...[this.#calls.prune(beforeMs), this.#sessions.prune(beforeMs), this.#runStore.prune(beforeMs)],
        this.#workflows.count() > 0,
        this.#results.prune(nowMs, DEFAULTS.results.lostMs),
        ...[this.#states.prune(nowMs), this.#keyRows.prune(nowMs), this.#rate.isCounting()]
      ].includes(true);
      return isLeft ? Math.min(nowMs + DEFAULTS.homeSweepMs, dueMs, lookMs) : undefined;
    }

    /** Takes back the alarm that looked after the runs at work, and leaves that of the next that sleeps. */
    async #rest(): Promise<void> {
      const nowMs = Date.now();
      const dueMs = this.#runStore.nextDueMs(nowMs) ?? Number.POSITIVE_INFINITY;
      const lookedMs = nowMs + DEFAULTS.runs.lookMs + SECOND_MS;
      await this.parts.life.rest(Math.min(lookedMs, dueMs - SECOND_MS), Math.min(dueMs, nowMs + DEFAULTS.homeSweepMs));
    }

    /** Where the base class was started, its life cycle begins with the first request: it has runs go on that a loss has stopped. */
    #wake(): void {
      this.#woken ??= SessionLife.hasBase(this.ctx.storage) ? this.parts.life.resume() : Promise.resolve();
      this.ctx.waitUntil(this.#woken);
    }

    #all(): CatalogSlice {
      const slice = this.parts.catalog.sliceAt("/x/all");
      if (!slice) throw new Error("Every catalog has all of itself.");
      return slice;
    }

    #runsOf(asker: RunAsker): Runs {
      this.#runNews.meet(asker.principalId);
      this.#engine.renewSignedOut(asker.caller);
      const { workflows } = this.parts.catalog;
      const functions: ReadonlySet<string> = new Set();
      return createHomeRuns(
        {
          store: this.#runStore,
          workflows: this.#workflows,
          engine: this.#engine,
          keyring: this.#keyring(),
          shipped: workflows,
          maxOpen: readConfig(this.env).maxOpenRuns,
          own: this.#own,
          faultsOf: (definition) => faultsOf(definition, { tool: (name) => this.#all().tool(name), functions, isShipped: false })
        },
        asker
      );
    }

    #resultOptions(): HomeResultsOptions {
      const { retentionMs } = readConfig(this.env);
      return { store: this.#results, keyring: this.#keyring(), own: this.#own, limits: DEFAULTS.results, retentionMs };
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
        permits: new LeasedPermits({ rule: config.rate, leaseMs: DEFAULTS.leaseMs, lease: async (report) => this.#rate.lease(report) }),
        keys: this.#ownKeys,
        calls: createRecorder(this.#calls, config.history, () => {}),
        ...{ deadlines: this.parts.deadlines, limits: this.parts.callLimits },
        ...{ running: this.parts.running, holdWhile: this.parts.holdWhile },
        publish: async () => {},
        resourcesOfCalls: this.parts.catalog.resourcesOfCalls,
        historyOf: ({ id }) => createHomeHistory(this.#historyOptions(id), { principalId: id, session: this.#own }),
        runsOf: (caller) => this.#runsOf({ principalId: caller.principal.id, caller, session: this.#own }),
        resultsOf: ({ id }) => createHomeResults(this.#resultOptions(), id),
        endAccess: this.parts.endAccess,
        announce: (change) => this.#subscriptions.announce(change)
      });
    }

    #historyOptions(principalId: string): HomeHistoryOptions {
      return {
        calls: this.#calls,
        sessions: this.#sessions,
        keyring: this.#keyring(),
        own: this.#own,
        running: this.parts.running,
        results: createHomeResults(this.#resultOptions(), principalId),
        sizeBytes: () => this.ctx.storage.sql.databaseSize,
        sessionDoor: (name) => this.#sessionDoor(name)
      };
    }

    async #isHeld(holder: string, claim: string): Promise<boolean> {
      if (holder === this.getSessionId()) return this.#ownKeys.has(claim);
      try {
        return await this.#sessionDoor(holder).holdsClaim(claim);
      } catch {
        return false; // an object that breaks off has lost its memory; should it be at it all the same, its outcome still counts
      }
    }

    #sessionDoor(name: string): SessionDoor {
      // The generated type of the binding names a class that is made of this one's base.
      return this.env.SESSION.get(this.env.SESSION.idFromName(`session:${name}`)) as unknown as SessionDoor;
    }

    #keyring(): Keyring {
      const { keyring } = readConfig(this.env);
      if (!keyring) throw new Error("A home is asked only by what the edge let through.");
      return keyring;
    }
  };
}
