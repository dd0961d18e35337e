import type { JsonObject } from "../../lib/json.ts";
import { callTool } from "../../mcp/calls/call-tool.ts";
import type { Host, Invocation } from "../../mcp/calls/host.ts";
import { LoopGuard } from "../../mcp/calls/loop-guard.ts";
import { textOf } from "../../mcp/calls/tool-result.ts";
import type { CatalogSlice } from "../../mcp/catalog.ts";
import { type Outcome, RpcError, Unsupported } from "../../mcp/errors.ts";
import type { CallEnd, CallRecorder } from "../../mcp/history.ts";
import type { Caller } from "../../mcp/principal.ts";

/** Who calls in a run, and what stops a call of it. */
export interface StepCaller extends Caller {
  readonly slice: CatalogSlice;
  /** How the history names the client. */
  readonly client: string;
  /** Runs when the run is told to stop. Returns what takes it back. */
  onCancel(listener: () => void): () => void;
}

/** How the call of a step ended. */
export interface StepOutcome {
  readonly outcome: Outcome;
  /** The structured result, or the text of one that has none. */
  readonly output: unknown;
  /** The sentence of a failure. */
  readonly message: string;
  /** The failure may pass, and nothing has happened: the call may be made again. */
  readonly mayPass: boolean;
  /** GitHub does not accept the sign-in that the call was made with, and nothing has happened. */
  readonly isSignedOut: boolean;
}

/** Calls the tool of a step on the path of every call. It is recorded, and not counted against the rate limit: runs have their own bounds. */
export async function callStep(tool: string, args: JsonObject, caller: StepCaller, host: Host): Promise<StepOutcome> {
  let end: CallEnd | undefined;
  const recorded = <E extends CallEnd>(ended: E): E => {
    end = ended;
    return ended;
  };
  const { calls } = host;
  const recorder: CallRecorder = {
    append: (call) => calls.append(recorded(call)),
    open: (start, outcome) => calls.open(start, outcome),
    reopen: (seq, outcome) => calls.reopen(seq, outcome),
    noteResult: (seq, result) => calls.noteResult(seq, result),
    settle: (seq, ended) => calls.settle(seq, recorded(ended))
  };
  const stepHost: Host = {
    ...{ calls: recorder, deadlines: host.deadlines, limits: host.limits, keys: host.keys },
    ...{ running: host.running, permits: UNCOUNTED, loops: UNGUARDED }, // and nothing aside: the run waits for its step
    contextFor: (asking, signalOf, traces) => host.contextFor(asking, signalOf, traces),
    handleOf: (principal, seq) => host.handleOf(principal, seq)
  };
  try {
    const result = await callTool(tool, args, toInvocation(caller), stepHost);
    const { outcome = "ok", error } = end ?? {};
    const isRead = caller.slice.tool(tool)?.annotations.readOnlyHint ?? false;
    const mayPass = error !== undefined && (isRead ? PASSING : PASSING_FOR_WRITES).has(error);
    const isSignedOut = error === "SignInRequired" && outcome === "denied";
    const said = textOf({ content: result.content.filter(({ type }) => type !== "resource_link") }); // what it leads to is named in its text
    const message = result.isError ? said : "";
    return { outcome, output: result.structuredContent ?? said, message, mayPass, isSignedOut };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return { outcome: "error", output: undefined, message: error.message, mayPass: false, isSignedOut: false };
  }
}

/** What an upstream, or its slowness, is to blame for. Of a write only what was refused before it happened is made again. */
const PASSING: ReadonlySet<string> = new Set(["UpstreamFailed", "UpstreamLimited", "DeadlineExceeded"]);
const PASSING_FOR_WRITES: ReadonlySet<string> = new Set(["UpstreamLimited"]);

const UNCOUNTED: Host["permits"] = { take: () => undefined };

/** A workflow says itself how often it calls. */
const UNGUARDED = new LoopGuard({ calls: Number.POSITIVE_INFINITY, windowMs: 0, remembered: 1 });

function toInvocation({ principal, credentials, slice, client, onCancel }: StepCaller): Invocation {
  return {
    ...{ principal, credentials, slice, client, onCancel, era: "stateless", meta: {} },
    get signal() {
      const controller = new AbortController();
      onCancel(() => controller.abort());
      return controller.signal;
    },
    async progress() {},
    async log() {},
    async ask() {
      throw new Unsupported("This tool asks its client, and a run has none. Call it outside of a workflow.", {});
    },
    closeStream() {},
    isLeft: false // the run is there
  };
}
