import type { JsonObject } from "../lib/json.ts";
import { cut, utf8Bytes } from "../lib/text.ts";
import { type Ask, InputRequired } from "./ask.ts";
import { runBounded } from "./bounded.ts";
import { toCapabilityError } from "./capabilities.ts";
import { Content, type ContentBlock, text } from "./content.ts";
import type { Context } from "./context.ts";
import type { Tool } from "./define-tool.ts";
import {
  DeadlineExceeded,
  Denied,
  InvalidInput,
  LOOK_FIRST,
  OutcomeUnknown,
  RpcError,
  TooLarge,
  ToolError,
  UpstreamFailed
} from "./errors.ts";
import { namesOfFaults } from "./faults.ts";
import type { CallEnd, CallStart } from "./history.ts";
import type { Host, Invocation } from "./host.ts";
import { RPC_CODES } from "./json-rpc.ts";

/** The result of `tools/call`. */
export interface ToolResult {
  readonly content: readonly ContentBlock[];
  readonly structuredContent?: object;
  readonly isError?: true;
}

/**
 * The one path of every call: narrow → authorize → parse → record → run → validate output → fit → settle → render.
 * The row is written in the same turn as the answer, and the answer leaves the object when the row is durable.
 * @throws RpcError for a tool that the slice does not have and for a stateless client that cannot be asked, InputRequired for a call that waits for its client between two requests.
 */
export async function callTool(name: string, args: JsonObject, invocation: Invocation, host: Host): Promise<ToolResult> {
  const start: CallStart = {
    tool: cut(name, 64),
    startedMs: invocation.continues?.startedMs ?? Date.now(),
    era: invocation.era,
    client: invocation.client,
    trace: undefined,
    arguments: cut(JSON.stringify(args), MAX_SHOWN_ARGUMENTS)
  };
  const tool = invocation.slice.tool(name);
  if (!tool) {
    const seq = host.calls.append({ ...start, ...endOf(start, "error", undefined, "UnknownTool") });
    throw new RpcError(RPC_CODES.invalidParams, `Unknown tool: ${cut(name, 64)}`, {
      reason: "unknown_tool",
      correlation: host.handleOf(invocation.principal, seq)
    });
  }
  let opened = invocation.continues?.seq;
  const record = (end: CallEnd): number => {
    if (opened === undefined) return host.calls.append({ ...start, ...end });
    host.calls.settle(opened, end);
    return opened;
  };
  // A question may outlive this incarnation of the object: the call must be found all the same.
  const onAsk = () => {
    if (invocation.era === "sessionful") opened ??= host.calls.open(start, "running");
  };
  let hasWritten = false;
  const onWrite = () => {
    hasWritten = true;
  };
  try {
    authorize(tool, invocation);
    const input = parseInput(tool, args);
    opened = openRow(tool, start, opened, host);
    const limitMs = tool.detaches ? host.limits.detachedMs : host.limits.callMs;
    const isRead = tool.annotations.readOnlyHint;
    const run = (ctx: Context) => tool.run(input, ctx);
    const output = await runBounded({ name: tool.name, limitMs, isRead, run, onAsk, onWrite }, invocation, host);
    const result = toFittingResult(tool, output, host.limits.inlineBytes);
    record(endOf(start, "ok", textOf(result), undefined));
    return result;
  } catch (error) {
    if (error instanceof InputRequired) {
      const seq = record(endOf(start, "waiting", Object.values(error.asks).map(toAsked).join("\n"), undefined));
      error.call = { seq, startedMs: start.startedMs };
      throw error;
    }
    const failure = toFailure(error, tool, { wasOpened: opened !== undefined, hasWritten });
    const seq = record(endOf(start, failure.outcome, failure.message, failure.error));
    const ref = host.handleOf(invocation.principal, seq);
    const refusal = toCapabilityError(error, invocation);
    if (refusal) throw refusal;
    if (!(error instanceof ToolError)) logUnforeseen(ref, tool, error);
    return { content: [text(`${failure.message} (ref ${ref})`)], isError: true };
  }
}

// What is kept of arguments and answers is for showing; a row stays far below the 2 MB that storage allows.
const MAX_SHOWN_ARGUMENTS = 8192;
const MAX_PREVIEW = 500;

function authorize(tool: Tool, { principal }: Invocation): void {
  const missing = tool.scopes.filter((scope) => !principal.scopes.includes(scope));
  if (missing.length > 0) throw new Denied(`${tool.name} needs the scope ${missing.join(" and ")}, which your credentials do not have.`);
}

function parseInput(tool: Tool, args: JsonObject): object {
  const parsed = tool.input.safeParse(args);
  if (parsed.success) return parsed.data;
  throw new InvalidInput(`The arguments of ${tool.name} are not valid. ${namesOfFaults(parsed.error)}`);
}

/** A write is recorded before it happens, and so is what may outlive its client. */
function openRow({ annotations, detaches }: Tool, start: CallStart, continued: number | undefined, { calls }: Host): number | undefined {
  const outcome = annotations.readOnlyHint ? "running" : "pending";
  if (outcome === "running" && !detaches) return continued;
  if (continued === undefined) return calls.open(start, outcome);
  calls.reopen(continued, outcome);
  return continued;
}

const toAsked = (ask: Ask): string => ("message" in ask ? ask.message : ask.kind);

/** A write has happened by now: what is wrong with its answer must not invite another. */
function toFittingResult(tool: Tool, output: object, limitBytes: number): ToolResult {
  try {
    const result = toResult(tool, output);
    requireFits(result, limitBytes);
    return result;
  } catch (cause) {
    if (tool.annotations.readOnlyHint || !(cause instanceof ToolError)) throw cause;
    throw new OutcomeUnknown(`${tool.name} went through, but its answer cannot be shown. Look at what it did before you do more.`, {
      cause
    });
  }
}

/** Validates what a tool returned and adds its text twin. */
function toResult(tool: Tool, output: object): ToolResult {
  if (output instanceof Content) return { content: output.blocks };
  const parsed = tool.structured?.output.safeParse(output);
  if (tool.structured && parsed?.success) {
    return { content: [text(tool.structured.render(parsed.data))], structuredContent: parsed.data };
  }
  throw new UpstreamFailed(`The answer of ${tool.name} does not have the shape that was promised.`, { cause: parsed?.error });
}

const textOf = ({ content }: ToolResult): string =>
  content.map((block) => (block.type === "text" ? block.text : `[${block.type}]`)).join("\n");

function requireFits(result: ToolResult, limitBytes: number): void {
  const sizeBytes = utf8Bytes(JSON.stringify(result));
  if (sizeBytes <= limitBytes) return;
  const inKib = (bytes: number) => `${Math.ceil(bytes / 1024)} KiB`;
  throw new TooLarge(`The answer takes ${inKib(sizeBytes)}, and one message holds ${inKib(limitBytes)}. Ask for less.`);
}

function endOf(start: CallStart, outcome: CallEnd["outcome"], shown: string | undefined, error: string | undefined): CallEnd {
  return { outcome, durationMs: Date.now() - start.startedMs, preview: shown && cut(shown, MAX_PREVIEW), error };
}

interface Failure {
  readonly outcome: CallEnd["outcome"];
  readonly message: string;
  readonly error: string;
}

function toFailure(error: unknown, tool: Tool, { wasOpened, hasWritten }: { wasOpened: boolean; hasWritten: boolean }): Failure {
  if (error instanceof ToolError) {
    // A tool of several steps that is stopped between them: what it has sent has been sent.
    const wasStopped = error instanceof DeadlineExceeded || error.outcome === "cancelled";
    if (!hasWritten || !wasStopped) return { outcome: error.outcome, message: error.message, error: error.name };
    return {
      outcome: "unknown",
      message: `${error.message} A write was sent before and may have taken effect. ${LOOK_FIRST}`,
      error: error.name
    };
  }
  const mayHaveWritten = wasOpened && !tool.annotations.readOnlyHint;
  return mayHaveWritten
    ? { outcome: "unknown", message: `${tool.name} failed unexpectedly and may have taken effect. ${LOOK_FIRST}`, error: "Unforeseen" }
    : { outcome: "error", message: `${tool.name} failed unexpectedly. Nothing was changed.`, error: "Unforeseen" };
}

function logUnforeseen(ref: string, tool: Tool, error: unknown): void {
  const stack = error instanceof Error ? error.stack : String(error);
  console.error(JSON.stringify({ level: "error", event: "tool_failed", ref, tool: tool.name, stack }));
}
