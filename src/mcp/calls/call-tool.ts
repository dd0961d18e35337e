import type { JsonObject } from "../../lib/json.ts";
import { cut } from "../../lib/text.ts";
import { InputRequired } from "../ask.ts";
import { type ToolResult, text } from "../content.ts";
import type { Context } from "../context.ts";
import type { Tool } from "../define-tool.ts";
import {
  DeadlineExceeded,
  Denied,
  InvalidInput,
  KeptWhole,
  LOOK_FIRST,
  LoopDetected,
  QuotaReached,
  RpcError,
  SignInRequired,
  ToolError
} from "../errors.ts";
import { namesOfFaults } from "../faults.ts";
import { type Claim, digestOf, IDEMPOTENCY_ARGUMENT, readKey } from "../idempotency.ts";
import { RPC_CODES } from "../protocol/json-rpc.ts";
import { runBounded } from "./bounded.ts";
import { CallEntry } from "./call-entry.ts";
import { toFailure } from "./call-failure.ts";
import { toCapabilityError } from "./capabilities.ts";
import { detach, isUnheard, keepAnswer, mayDetach, requireRoom, toRunning } from "./detach.ts";
import type { Host, Invocation } from "./host.ts";
import { inlineBytesOf } from "./inline-limits.ts";
import { linkTo, toRepeatable, toResultOrKeep } from "./keep-whole.ts";
import { LoopGuard } from "./loop-guard.ts";
import { RateLimited } from "./rate-limited.ts";
import { showStack } from "./redact.ts";
import { textOf } from "./tool-result.ts";

/**
 * The one path of every call: narrow → authorize → parse → loop guard → limit → idempotency → record → run → validate output →
 * fit → settle → render. The row is written in the same turn as the answer, and the answer leaves the object when it is durable. A
 * call that detaches is answered with its handle, and walks on.
 * @throws RpcError for a tool that the slice does not have and for a stateless client that cannot be asked, RateLimited, and
 * InputRequired for a call that waits for its client between two requests.
 */
export function callTool(name: string, args: JsonObject, invocation: Invocation, host: Host): Promise<ToolResult> {
  const tool = invocation.slice.tool(name);
  const entry = new CallEntry(name, args, invocation, host);
  if (!tool || !mayDetach(tool, invocation, host)) return walk(name, args, { tool, entry, invocation, host });
  return new Promise((resolve, reject) => {
    const onDetach = () => detach(tool, { entry, host, walked }).then(resolve);
    const walked = walk(name, args, { tool, entry, invocation, host, onDetach });
    // It may end before its client is told that it goes on, with more than a message holds.
    walked.then((result) => resolve(entry.isDetached ? toRunning(tool, entry) : result), reject);
  });
}

/** What one call is made of. */
interface Walk {
  /** Absent where the slice does not have it. */
  readonly tool: Tool | undefined;
  readonly entry: CallEntry;
  readonly invocation: Invocation;
  readonly host: Host;
  /** Answers the call before it has ended; absent for one that its client waits for. */
  onDetach?(): Promise<void>;
}

async function walk(name: string, args: JsonObject, call: Walk): Promise<ToolResult> {
  const { tool, entry, invocation, host } = call;
  if (!tool) {
    const correlation = entry.end({ outcome: "error", error: "UnknownTool" });
    throw new RpcError(RPC_CODES.invalidParams, `Unknown tool: ${cut(name, 64)}`, { reason: "unknown_tool", correlation });
  }
  let claim: Claim | undefined;
  let loopKey: string | undefined;
  const traces: Traces = { writes: 0, result: undefined };
  try {
    authorize(tool, invocation);
    const { input, key, given } = parse(tool, args, invocation);
    loopKey = guardLoops(tool, given, invocation, host);
    // A call that goes on after a question was counted when it came.
    if (!invocation.continues) entry.remaining = await host.permits.take(invocation.principal);
    claim = key === undefined ? undefined : await host.keys.claim({ key, digest: digestOf(name, given) });
    if (claim?.state === "running") loopKey = undefined; // to wait is not to go round in circles
    if (claim && claim.state !== "first") return replay(claim, tool, entry, host);
    openRow(tool, entry, host);
    const { result, sizeBytes, stored } = await run(tool, input, { ...call, traces });
    const kept = isUnheard(entry, invocation) ? await keepAnswer(tool, result, invocation, host) : {};
    const limitBytes = inlineBytesOf(invocation.client, host.limits.inlineBytes);
    const repeatable = entry.isDetached ? toRepeatable(tool, result, limitBytes, kept.result) : result;
    await settle(claim, { outcome: "ok", result: repeatable });
    if (loopKey !== undefined) host.loops.record(loopKey, withoutHandles(JSON.stringify(result), stored), Date.now());
    entry.end({ outcome: "ok", shown: textOf(result), sizeBytes, result: stored, ...kept });
    return result;
  } catch (error) {
    if (error instanceof RateLimited) {
      entry.log({ outcome: "limited" });
      throw error;
    }
    // Before its question a tool only reads. One that has written must not run again from its start.
    if (error instanceof InputRequired && traces.writes === 0) {
      if (claim?.state === "first") await claim.release();
      error.call = entry.suspend(error.asks);
      throw error;
    }
    const hasRun = entry.isOpen;
    const failure = toFailure(error, tool, { wasOpened: hasRun, writes: traces.writes });
    const kept = error instanceof KeptWhole ? error.result : traces.result;
    const message = traces.result === undefined ? failure.message : `${failure.message} What it had stored by then is ${traces.result}.`;
    if (loopKey !== undefined) host.loops.record(loopKey, withoutHandles(message, kept, traces.result), Date.now());
    // The handle stands in the answer, and the answer is kept with the key before anybody has it.
    const ref = entry.end({ outcome: failure.outcome, shown: message, error: failure.error, result: kept });
    if (!(error instanceof ToolError)) logUnforeseen(ref, tool, error);
    const content = [text(`${message} (ref ${ref})`)];
    const result: ToolResult = {
      ...(kept === undefined ? { content } : linkTo(kept, content)),
      isError: true,
      ...((error instanceof LoopDetected || error instanceof QuotaReached) && { _meta: { "dormouse/limit": error.limit } })
    };
    const refusal = toCapabilityError(error, invocation);
    // Nothing was done: a client that can be asked, whose stream broke, or whose user has signed in again, may come with the same key.
    const isUnanswered = traces.writes === 0 && (refusal !== undefined || failure.outcome === "cancelled");
    const isUndone =
      isUnanswered || (!hasRun && error instanceof QuotaReached) || (error instanceof SignInRequired && failure.outcome === "denied");
    if (isUndone && claim?.state === "first") await claim.release();
    else await settle(claim, { outcome: failure.outcome, result });
    if (refusal) throw refusal;
    return result;
  }
}

/** What is stored anew each time has another handle each time, and is the same answer all the same. */
const withoutHandles = (answer: string, ...handles: readonly (string | undefined)[]): string =>
  handles.reduce<string>((text, handle) => (handle === undefined ? text : text.replaceAll(handle, "")), answer);

function authorize(tool: Tool, { principal }: Invocation): void {
  const missing = tool.scopes.filter((scope) => !principal.scopes.includes(scope));
  if (missing.length > 0) throw new Denied(`${tool.name} needs the scope ${missing.join(" and ")}, which your credentials do not have.`);
}

interface ParsedCall {
  readonly input: object;
  /** The arguments as they were given, without the key. */
  readonly given: JsonObject;
  readonly key: string | undefined;
}

/** The key is the pipeline's own argument: a tool never sees it. */
function parse(tool: Tool, args: JsonObject, { meta }: Invocation): ParsedCall {
  const { [IDEMPOTENCY_ARGUMENT]: argument, ...rest } = args;
  const given = tool.takesKey ? rest : args;
  const parsed = tool.input.safeParse(given);
  if (!parsed.success) throw new InvalidInput(`The arguments of ${tool.name} are not valid. ${namesOfFaults(parsed.error)}`);
  return { input: parsed.data, given, key: readKey(meta, tool.takesKey ? argument : undefined) };
}

/** Returns the name of the call for the guard; `undefined` where it does not look. */
function guardLoops(tool: Tool, args: JsonObject, { principal, era, client, continues }: Invocation, { loops }: Host): string | undefined {
  if (principal.kind === "local" || tool.mayRepeat || continues) return undefined;
  // A session is guarded by itself; what comes without one, by its client.
  const key = LoopGuard.keyOf(era === "stateless" ? client : "", tool.name, args);
  if (loops.check(key, Date.now())) return key;
  throw new LoopDetected(tool.name, loops.limits);
}

/** A write is recorded before it happens, and so is what may outlive its client. */
function openRow(tool: Tool, entry: CallEntry, host: Host): void {
  requireRoom(tool, host);
  entry.isCounted = tool.detaches && host.aside !== undefined;
  if (!tool.annotations.readOnlyHint) entry.open("pending");
  else if (tool.detaches) entry.open("running");
}

/** What a tool has done outside itself, whatever becomes of its call. */
interface Traces {
  /** How many writes to an upstream left. */
  writes: number;
  /** The handle of the stored result that it last began and has not deleted. */
  result: string | undefined;
}

async function run(tool: Tool, input: object, { entry, invocation, host, onDetach, traces }: Walk & { traces: Traces }) {
  const { callMs, attachedMs, detachedMs, inlineBytes } = host.limits;
  const output = await runBounded(
    {
      name: tool.name,
      limitMs: tool.detaches ? detachedMs : callMs,
      detach: onDetach && { afterMs: attachedMs, act: onDetach },
      isRead: tool.annotations.readOnlyHint,
      run: (ctx: Context) => tool.run(input, ctx),
      onStart(stop) {
        entry.stop = stop;
      },
      onProgress(progress) {
        entry.progress = progress;
      },
      // A question may outlive this incarnation of the object: the call must be found all the same.
      onAsk() {
        if (invocation.era === "sessionful" && !entry.isOpen) entry.open("running");
      },
      onWrite() {
        traces.writes++;
      },
      onResult(result) {
        traces.result = result;
        entry.noteResult(result);
      }
    },
    invocation,
    host
  );
  // What goes on without its client is in no message.
  const limitBytes = entry.isDetached ? Number.POSITIVE_INFINITY : inlineBytesOf(invocation.client, inlineBytes);
  return toResultOrKeep(tool, output, limitBytes, () => host.contextFor(invocation, () => invocation.signal).results);
}

/** Answers a call whose key was used before, without doing anything. */
function replay(claim: Exclude<Claim, { state: "first" }>, tool: Tool, entry: CallEntry, { aside }: Host): ToolResult {
  switch (claim.state) {
    case "settled": {
      const { outcome, result } = claim.outcome;
      entry.end({ outcome, shown: `(replayed) ${textOf(result)}` });
      return { ...result, _meta: { ...result._meta, ...REPLAYED } };
    }
    case "unknown": {
      const message = `An earlier ${tool.name} with this key was in flight when the server stopped, and nobody knows what became of it. It was not sent again. ${LOOK_FIRST} Use another key then.`;
      const ref = entry.end({ outcome: "unknown", shown: message, error: "OutcomeUnknown" });
      return { content: [text(`${message} (ref ${ref})`)], isError: true, _meta: REPLAYED };
    }
    case "running": {
      const hint = tool.detaches && aside ? " list_calls with the outcome running finds it, and get_call waits for its end." : "";
      throw new DeadlineExceeded(
        `The first ${tool.name} with this key is still running. Call again with the same key for its outcome.${hint}`
      );
    }
    case "taken":
      throw new InvalidInput("This idempotency key was used for another call. Use a new one for each thing to do. Nothing was done.");
  }
}

const REPLAYED = { "dormouse/replayed": true } as const;

/** An outcome that cannot be kept is answered all the same: a repetition is then told that nobody knows, and nothing is done twice. */
async function settle(claim: Claim | undefined, outcome: Parameters<Extract<Claim, { state: "first" }>["settle"]>[0]): Promise<void> {
  if (claim?.state !== "first") return;
  try {
    await claim.settle(outcome);
  } catch (error) {
    console.error(JSON.stringify({ level: "error", event: "key_not_settled", error: String(error) }));
  }
}

function logUnforeseen(ref: string, tool: Tool, error: unknown): void {
  console.error(JSON.stringify({ level: "error", event: "tool_failed", ref, tool: tool.name, stack: showStack(error) }));
}
