import type { JsonObject } from "../../lib/json.ts";
import { rememberLast } from "../../lib/remember.ts";
import { printable } from "../../lib/text.ts";
import type { Ask, Asks, SuspendedCall } from "../ask.ts";
import { homeNameOf } from "../doors/home-name.ts";
import type { Outcome } from "../errors.ts";
import type { CallEnd, CallStart } from "../history.ts";
import { keepTraceparent } from "../protocol/trace.ts";
import type { CallProgress, RunningCall } from "../running-calls.ts";
import type { Host, Invocation } from "./host.ts";
import { showAnswer, showArguments, showText } from "./redact.ts";

// What is kept of arguments and answers is for showing; a row stays far below the 2 MB that storage allows.
const MAX_SHOWN_TOOL = 64;
const MAX_SHOWN_CLIENT = 64;

/** A tool that is not there may be called anything: a page of such names must still fit one message, a line each. */
const NO_PART_OF_A_NAME = /[^\w.[\]-]/gu;

const MAX_SHOWN_ARGUMENTS = 8192;
const MAX_PREVIEW = 500;

/** How a call ended, as its entry is told. */
export interface EntryEnd {
  readonly outcome: Outcome;
  /** The text of the answer. */
  readonly shown?: string | undefined;
  /** The class of the error. */
  readonly error?: string | undefined;
  /** How long the answer is as JSON. */
  readonly sizeBytes?: number | undefined;
  /** The handle of the stored result that the answer leads to. */
  readonly result?: string | undefined;
}

/** The entry of one call: its row in the history and its line in the log, of which neither tells a secret. */
export class CallEntry implements RunningCall {
  readonly #start: CallStart;
  readonly #invocation: Invocation;
  readonly #host: Host;
  /** The row, once there is one before the end. */
  #seq: number | undefined;
  /** How many permits are left, where they are counted. */
  remaining: number | undefined;
  progress: CallProgress | undefined;
  isCounted = false;
  /** It goes on without its client. */
  isDetached = false;
  /** Does nothing before the call runs. */
  stop: () => void = () => {};

  constructor(tool: string, args: JsonObject, invocation: Invocation, host: Host) {
    const { continues, era, client, meta } = invocation;
    this.#invocation = invocation;
    this.#host = host;
    this.#seq = continues?.seq;
    this.#start = {
      tool: showText(tool, MAX_SHOWN_TOOL).replace(NO_PART_OF_A_NAME, "?"),
      startedMs: continues?.startedMs ?? Date.now(),
      era,
      client: showClient(client),
      trace: keepTraceparent(meta.traceparent),
      arguments: showArguments(args, MAX_SHOWN_ARGUMENTS)
    };
  }

  /** Whether there is a row already. */
  get isOpen(): boolean {
    return this.#seq !== undefined;
  }

  /** Records the call before it runs. One that goes on after a question has its row. */
  open(outcome: "pending" | "running"): void {
    const { calls, running } = this.#host;
    if (this.#seq === undefined) this.#seq = calls.open(this.#start, outcome);
    else calls.reopen(this.#seq, outcome);
    running.begin(this.#seq, this);
  }

  /** Notes which stored result it has begun: should the object be lost, its row leads there. */
  noteResult(result: string | undefined): void {
    if (this.#seq !== undefined) this.#host.calls.noteResult(this.#seq, result);
  }

  get handle(): string {
    return this.#host.handleOf(this.#invocation.principal, this.#seq ?? 0);
  }

  /** Records how the call ended, in the turn of its answer. Returns its handle. */
  end(end: EntryEnd): string {
    const { calls, running } = this.#host;
    const { outcome, shown, result, error } = end;
    const row: CallEnd = {
      outcome,
      durationMs: outcome === "waiting" ? undefined : Date.now() - this.#start.startedMs,
      preview: shown === undefined ? undefined : showAnswer(shown, MAX_PREVIEW),
      error,
      result
    };
    if (this.#seq === undefined) this.#seq = calls.append({ ...this.#start, ...row });
    else calls.settle(this.#seq, row);
    running.end(this.#seq);
    this.log(end);
    return this.handle;
  }

  /** Records that the call waits for its client to answer. */
  suspend(asks: Asks): SuspendedCall {
    this.end({ outcome: "waiting", shown: Object.values(asks).map(toAsked).join("\n") });
    return { seq: this.#seq ?? 0, startedMs: this.#start.startedMs };
  }

  /** Writes the line of the log. It has no arguments and no results: whoever reads logs need not be who made the call. */
  log({ outcome, error, sizeBytes }: Omit<EntryEnd, "outcome"> & { readonly outcome: string }): void {
    const { tool, era, client, trace, startedMs } = this.#start;
    const isFailed = outcome !== "ok" && outcome !== "waiting";
    console.log(
      JSON.stringify({
        level: "info",
        event: "tool_call",
        principal: hashOf(this.#invocation.principal.id),
        ...{ era, client, tool, outcome, error },
        ms: Date.now() - startedMs,
        bytes: sizeBytes,
        remaining: this.remaining,
        trace: trace?.slice(TRACE_ID_START, TRACE_ID_END),
        call: isFailed && this.#seq !== undefined ? this.handle : undefined
      })
    );
  }
}

const TRACE_ID_START = 3;
const TRACE_ID_END = 35;

const toAsked = (ask: Ask): string => ("message" in ask ? ask.message : ask.kind);

/** Shows `name/version` of a client, which anybody chooses as they like, on one line. */
export const showClient = rememberLast((client: string) => printable(showText(client, MAX_SHOWN_CLIENT), MAX_SHOWN_CLIENT));

/** The same hash as in the name of the principal's home, so that a line leads to the object. */
const hashOf = rememberLast(homeNameOf);
