import type { Octokit } from "@octokit/rest";
import { type Aws, createAws } from "../clients/aws.ts";
import { createCloudWatchLogs } from "../clients/cloudwatch-logs.ts";
import { createDynamoDb } from "../clients/dynamodb/dynamodb.ts";
import { createGitHub } from "../clients/github.ts";
import { createOpenMeteo } from "../clients/open-meteo.ts";
import { type AwsConfig, type Config, DEFAULTS } from "../config.ts";
import type { Deadlines } from "../lib/deadlines.ts";
import { createNameList, type NameList } from "../lib/name-list.ts";
import type { Aside, Asking, CallLimits, Host, Permits, TracedActs } from "../mcp/calls/host.ts";
import { LoopGuard } from "../mcp/calls/loop-guard.ts";
import type { Change, Context } from "../mcp/context.ts";
import type { DynamoDb } from "../mcp/dynamodb.ts";
import { SignInRequired, UpstreamFailed } from "../mcp/errors.ts";
import type { CallRecorder, History } from "../mcp/history.ts";
import type { Keys } from "../mcp/idempotency.ts";
import type { Logs } from "../mcp/logs.ts";
import type { Caller, Credentials, Principal } from "../mcp/principal.ts";
import type { ResultKeeper, Results } from "../mcp/results.ts";
import type { RunningCalls } from "../mcp/running-calls.ts";
import type { Runs } from "../mcp/runs.ts";
import { mintHandle } from "../mcp/signed/handle.ts";
import type { Keyring } from "../mcp/signed/keyring.ts";
import type { Weather } from "../mcp/weather.ts";
import { createResults } from "./results.ts";

/** What a {@link SessionHost} is made of. */
export interface SessionHostOptions {
  /** The object that records the calls, as handles name it. */
  readonly owner: string;
  readonly config: Config;
  readonly keyring: Keyring;
  readonly calls: CallRecorder;
  readonly deadlines: Deadlines;
  readonly limits: CallLimits;
  readonly running: RunningCalls;
  /** Keeps the object in memory until a call has ended that goes on without its client. */
  holdWhile(done: Promise<void>): void;
  /** Brings what is recorded to the principal's home. */
  publish(): Promise<void>;
  /** The URIs of the resources that change with each call. */
  readonly resourcesOfCalls: readonly string[];
  readonly permits: Permits;
  readonly keys: Keys;
  historyOf(principal: Principal): History;
  runsOf(caller: Caller): Runs;
  resultsOf(principal: Principal): ResultKeeper;
  /** GitHub does not accept the token of a person any more: the access that it came with ends. */
  endAccess(caller: Caller): Promise<void>;
  /** Tells who wants to know that something has changed. */
  announce(change: Change): void;
}

/** What a session, or a principal's home, gives to the calls that it runs. */
export class SessionHost implements Host {
  readonly calls: CallRecorder;
  readonly deadlines: Deadlines;
  readonly limits: CallLimits;
  readonly running: RunningCalls;
  readonly aside: Aside | undefined;
  readonly loops = new LoopGuard(DEFAULTS.loops);
  readonly permits: Permits;
  readonly keys: Keys;
  readonly #options: SessionHostOptions;

  constructor(options: SessionHostOptions) {
    const { calls } = options;
    this.calls = {
      open: (start, outcome) => calls.open(start, outcome),
      reopen: (seq, outcome) => calls.reopen(seq, outcome),
      noteResult: (seq, result) => calls.noteResult(seq, result),
      append: (call) => this.#announceCall(calls.append(call)),
      settle: (seq, end) => {
        calls.settle(seq, end);
        this.#announceCall(seq);
      }
    };
    this.deadlines = options.deadlines;
    this.permits = options.permits;
    this.keys = options.keys;
    this.limits = options.limits;
    this.running = options.running;
    // What a deployment does not keep of the history it keeps nowhere else: then a call stays with its client.
    const { holdWhile, publish, resultsOf } = options;
    const toResults = (principal: Principal) => createResults(resultsOf(principal), DEFAULTS.results);
    this.aside = options.config.history === "full" ? { holdWhile, publish, resultsOf: toResults } : undefined;
    this.#options = options;
  }

  contextFor(
    { principal, credentials, progress, log, ask, closeStream }: Asking,
    signalOf: () => AbortSignal,
    traces: TracedActs = {}
  ): Context {
    const { config, keyring, historyOf, runsOf, resultsOf, endAccess, announce } = this.#options;
    const timeoutMs = DEFAULTS.upstreamMs;
    let github: Octokit | undefined;
    let logs: Logs | undefined;
    let results: Results | undefined;
    let weather: Weather | undefined;
    let dynamodb: DynamoDb | undefined;
    return {
      principal,
      get signal() {
        return signalOf();
      },
      progress,
      log,
      ask,
      closeStream,
      announce,
      get history() {
        return historyOf(principal);
      },
      get runs() {
        return runsOf({ principal, credentials });
      },
      get results() {
        // One for all of the call: it knows which results were begun.
        results ??= createResults(resultsOf(principal), DEFAULTS.results, (result) => traces.onResult?.(result));
        return results;
      },
      // Most calls use one upstream or none, and an Octokit is not free.
      get github() {
        if (github) return github;
        const isPersonal = principal.kind === "github";
        const token = tokenOf(principal, credentials, config);
        github = createGitHub({ ...config.github, token, isPersonal, timeoutMs, signal: signalOf(), onWrite: () => traces.onWrite?.() });
        if (isPersonal) endWith(github, () => endAccess({ principal, credentials }));
        return github;
      },
      get logs() {
        if (logs) return logs;
        const aws = requireAws(config);
        const signal = signalOf();
        logs = createCloudWatchLogs({ aws: awsOf(aws, signal), logGroups: listFor(principal, aws, aws.logGroups), signal });
        return logs;
      },
      get weather() {
        weather ??= createOpenMeteo({ ...config.weather, timeoutMs, signal: signalOf() });
        return weather;
      },
      get dynamodb() {
        if (dynamodb) return dynamodb;
        const aws = requireAws(config);
        const tables = listFor(principal, aws, aws.tables);
        dynamodb = createDynamoDb({ aws: awsOf(aws, signalOf()), tables, principalId: principal.id, keyring });
        return dynamodb;
      }
    };
  }

  handleOf(principal: Principal, seq: number): string {
    const { keyring, owner } = this.#options;
    return mintHandle(keyring, principal.id, { kind: "call", owner, seq });
  }

  #announceCall(seq: number): number {
    for (const resource of this.#options.resourcesOfCalls) this.#options.announce({ resource });
    return seq;
  }
}

/** A person acts as themselves, and never with the server's token. */
const tokenOf = ({ kind }: Principal, { githubToken }: Credentials, { github }: Config): string | undefined =>
  kind === "github" ? githubToken : github.token;

/** @throws UpstreamFailed saying what is missing. */
function requireAws({ aws, awsMissing }: Config): AwsConfig {
  if (aws) return aws;
  const lacks = awsMissing.length > 0 ? `it lacks ${awsMissing.join(", ")}` : "whoever runs it has not given it any tables or logs";
  throw new UpstreamFailed(`AWS is not set up on this server: ${lacks}. See docs/deploy.md.`);
}

const awsOf = ({ region, credentials, urls }: AwsConfig, signal: AbortSignal): Aws =>
  createAws({ region, credentials, urls, timeoutMs: DEFAULTS.upstreamMs, signal });

/** What of a list a principal may read: who is not allowed to read AWS sees what they would see if there were nothing. */
const listFor = ({ id }: Principal, { principals }: AwsConfig, list: NameList): NameList => (principals.has(id) ? list : NOTHING);

const NOTHING = createNameList([]);

/** Ends a caller's access once GitHub has refused its token, before the call that found out is answered. */
function endWith(github: Octokit, endAccess: () => Promise<void>): void {
  let ended: Promise<void> | undefined;
  github.hook.error("request", async (error) => {
    if (error instanceof SignInRequired) {
      ended ??= endAccess().catch((failure: unknown) =>
        console.error(JSON.stringify({ level: "error", event: "access_not_ended", error: String(failure) }))
      );
      await ended;
    }
    throw error;
  });
}
