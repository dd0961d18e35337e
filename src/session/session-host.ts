import type { Octokit } from "@octokit/rest";
import { createGitHub } from "../clients/github.ts";
import { createOpenMeteo } from "../clients/open-meteo.ts";
import { type Config, DEFAULTS } from "../config.ts";
import type { Deadlines } from "../lib/deadlines.ts";
import type { JsonObject } from "../lib/json.ts";
import type { Change, Context } from "../mcp/context.ts";
import type { Conversation } from "../mcp/conversation.ts";
import { mintHandle, ownerRef, readHandle } from "../mcp/handle.ts";
import type { Call, CallRecorder, History } from "../mcp/history.ts";
import type { Host, Invocation } from "../mcp/host.ts";
import type { Keyring } from "../mcp/keyring.ts";
import type { Principal } from "../mcp/principal.ts";
import type { Weather } from "../mcp/weather.ts";
import type { Calls } from "../stores/calls.ts";

/** What a {@link SessionHost} is made of. */
export interface SessionHostOptions {
  /** The name of the session, as its id tells it. */
  readonly sessionName: string;
  readonly config: Config;
  readonly keyring: Keyring;
  readonly calls: Calls;
  readonly deadlines: Deadlines;
  readonly conversation: Conversation;
  /** The URIs of the resources that change with each call. */
  readonly resourcesOfCalls: readonly string[];
  /** Sends a notification that belongs to no request. */
  notify(method: string, params?: JsonObject): void;
}

/** What a session gives to the calls that it runs. */
export class SessionHost implements Host {
  readonly calls: CallRecorder;
  readonly deadlines: Deadlines;
  readonly limits = DEFAULTS.call;
  readonly #options: SessionHostOptions;
  readonly #owner: string;

  constructor(options: SessionHostOptions) {
    const { calls } = options;
    this.calls = {
      open: (start, outcome) => calls.open(start, outcome),
      append: (call) => this.#announceCall(calls.append(call)),
      settle: (seq, end) => {
        calls.settle(seq, end);
        this.#announceCall(seq);
      }
    };
    this.deadlines = options.deadlines;
    this.#options = options;
    this.#owner = ownerRef(options.sessionName);
  }

  contextFor({ principal, progress, log, ask, closeStream }: Invocation, signalOf: () => AbortSignal, onWrite = () => {}): Context {
    const { config } = this.#options;
    const timeoutMs = DEFAULTS.upstreamMs;
    const historyOf = (who: Principal) => this.#historyOf(who);
    let github: Octokit | undefined;
    let weather: Weather | undefined;
    return {
      principal,
      get signal() {
        return signalOf();
      },
      progress,
      log,
      ask,
      closeStream,
      announce: (change) => this.#announce(change),
      get history() {
        return historyOf(principal);
      },
      // Most calls use one upstream or none, and an Octokit is not free.
      get github() {
        github ??= createGitHub({ ...config.github, timeoutMs, signal: signalOf(), onWrite });
        return github;
      },
      get weather() {
        weather ??= createOpenMeteo({ ...config.weather, timeoutMs, signal: signalOf() });
        return weather;
      }
    };
  }

  handleOf(principal: Principal, seq: number): string {
    return mintHandle(this.#options.keyring, principal.id, { kind: "call", owner: this.#owner, seq });
  }

  #announceCall(seq: number): number {
    for (const uri of this.#options.resourcesOfCalls) this.#announce({ resource: uri });
    return seq;
  }

  #announce(change: Change): void {
    const { conversation, notify } = this.#options;
    if ("list" in change) notify(`notifications/${change.list}/list_changed`);
    else if (conversation.isSubscribed(change.resource)) notify("notifications/resources/updated", { uri: change.resource });
  }

  #historyOf(principal: Principal): History {
    const { calls, keyring } = this.#options;
    const toRecorded = ({ seq, ...call }: Call) => ({ ...call, call: this.handleOf(principal, seq) });
    return {
      list: (query) => {
        const page = calls.list(query);
        return { calls: page.calls.map(toRecorded), nextCursor: page.nextCursor };
      },
      get: (text) => {
        const handle = readHandle(keyring, principal.id, text);
        if (handle?.kind !== "call" || handle.owner !== this.#owner) return undefined;
        const call = calls.get(handle.seq);
        return call && toRecorded(call);
      }
    };
  }
}
