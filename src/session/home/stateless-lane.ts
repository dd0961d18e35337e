import type { Deadlines } from "../../lib/deadlines.ts";
import type { JsonObject } from "../../lib/json.ts";
import { InputRequired } from "../../mcp/ask.ts";
import { requireCapabilities } from "../../mcp/calls/capabilities.ts";
import type { Host, Invocation } from "../../mcp/calls/host.ts";
import type { Catalog } from "../../mcp/catalog.ts";
import { LOG_LEVELS } from "../../mcp/context.ts";
import type { HomeRequest } from "../../mcp/doors/home-request.ts";
import { RPC_CODES, type RpcErrorBody, type Request as RpcRequest } from "../../mcp/protocol/json-rpc.ts";
import type { Answers } from "../../mcp/requests/answers.ts";
import { metaOf, readEnvelope } from "../../mcp/requests/envelope.ts";
import { toErrorBody } from "../../mcp/requests/error-body.ts";
import { METHODS } from "../../mcp/requests/methods.ts";
import { PendingRequest } from "../../sdk/pending-request.ts";
import type { RequestScope } from "../../sdk/switchboard.ts";
import { FORGOTTEN_EVENTS, type StreamEvents } from "../event-stream.ts";
import { Exchange } from "../exchange.ts";
import type { StreamLimits } from "../http-lane.ts";
import { headOf } from "../response-head.ts";
import type { Round, Rounds } from "./rounds.ts";

/** What a {@link StatelessLane} is made of. */
export interface StatelessLaneOptions {
  readonly catalog: Catalog;
  readonly deadlines: Deadlines;
  readonly limits: StreamLimits;
  readonly answers: Answers;
  readonly rounds: Rounds;
  /** What the object gives to the calls that it runs. */
  host(): Host;
}

/**
 * Streamable HTTP of the stateless era, the object's side: each request has its own response, and there is no way back to it. The
 * edge has checked the envelope, and lets through only what is served here.
 * Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http
 */
export class StatelessLane {
  readonly #options: StatelessLaneOptions;

  constructor(options: StatelessLaneOptions) {
    this.#options = options;
  }

  /** Answers one POST. A client that goes away before it is answered cancels it. */
  async serve(request: Request, { caller, slicePath, canStream }: HomeRequest): Promise<Response> {
    const slice = this.#options.catalog.sliceAt(slicePath);
    if (!slice) throw new Error(`The edge let ${slicePath} through.`);
    const message = await request.json<RpcRequest>();
    const exchange = this.#createExchange(canStream, () => pending.cancel());
    const pending = new PendingRequest(0, message.id, exchange);
    const leave = () => pending.cancel();
    if (request.signal.aborted) leave();
    request.signal.addEventListener("abort", leave);
    void this.#answer(message, pending, { ...caller, slice }).then((outcome) => {
      request.signal.removeEventListener("abort", leave); // it would keep the request in memory
      pending.answer(outcome);
    });
    return exchange.response;
  }

  #createExchange(canStream: boolean, onAbandoned: () => void): Exchange<StreamEvents> {
    const { deadlines, limits } = this.#options;
    return new Exchange<StreamEvents>({
      ...limits,
      requests: 1,
      isBatch: false,
      deadlines,
      canPrime: false,
      canStream,
      onStream: () => FORGOTTEN_EVENTS,
      onAbandoned,
      onStreamEnd: () => {},
      headOf
    });
  }

  async #answer(message: RpcRequest, pending: PendingRequest, scope: RequestScope) {
    const { method, params = {} } = message;
    const { rounds, answers, host } = this.#options;
    const owner = { principalId: scope.principal.id, method, params };
    try {
      const round = rounds.open(owner);
      try {
        const invocation = toInvocation(params, pending, scope, round);
        const result = await METHODS[method]?.(params, invocation, host());
        if (!result) throw new Error(`The edge let ${method} through.`);
        return { result: answers.complete(method, result) };
      } catch (error) {
        if (error instanceof InputRequired) return { result: rounds.ask(owner, error, round) };
        throw error;
      }
    } catch (error) {
      return { error: toStatelessError(toErrorBody(error), params) };
    }
  }
}

function toInvocation(params: JsonObject, pending: PendingRequest, scope: RequestScope, { replies, continues }: Round): Invocation {
  const meta = metaOf(params) ?? {};
  const { client, capabilities, logLevel, progressToken } = readEnvelope(meta);
  return {
    ...{ ...scope, era: "stateless", client, meta, continues },
    get signal() {
      return pending.signal;
    },
    onCancel: (listener) => pending.onCancel(listener),
    async progress(progress, total, message) {
      if (progressToken !== undefined) pending.notify("notifications/progress", { progressToken, progress, total, message });
    },
    async log(level, data, logger) {
      if (logLevel === undefined || LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(logLevel)) return;
      pending.notify("notifications/message", { level, data, logger });
    },
    async ask(asks) {
      requireCapabilities(asks, capabilities);
      return replies.take(asks);
    },
    closeStream() {}, // there is no way back to it
    isLeft: false // a client that goes away cancels
  };
}

/**
 * What this revision says otherwise than the ones before: a resource that is not there is a fault of the params, and a client
 * knows it by data that hold its URI and nothing else.
 */
function toStatelessError(error: RpcErrorBody, { uri = null }: JsonObject): RpcErrorBody {
  return error.code === RPC_CODES.resourceNotFound ? { ...error, code: RPC_CODES.invalidParams, data: { uri } } : error;
}
