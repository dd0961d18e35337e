import { DEFAULTS } from "../../config.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { InputRequired, SuspendedCall } from "../../mcp/ask.ts";
import { RpcError } from "../../mcp/errors.ts";
import { RPC_CODES } from "../../mcp/protocol/json-rpc.ts";
import type { Answers } from "../../mcp/requests/answers.ts";
import { GivenReplies, toInputRequest } from "../../mcp/requests/replies.ts";
import { openState, type StateOwner, sealState } from "../../mcp/requests/request-state.ts";
import type { Keyring } from "../../mcp/signed/keyring.ts";
import type { SpentStates } from "../../stores/spent-states.ts";

/** One of the requests that it takes to answer a client that is asked in between. */
export interface Round {
  readonly replies: GivenReplies;
  /** The call that this request goes on with. */
  readonly continues: SuspendedCall | undefined;
}

/** The methods whose answer may be a question: https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr#supported-requests */
const ASKING: ReadonlySet<string> = new Set(["tools/call", "prompts/get", "resources/read"]);

/** Questions to the client of the stateless era: an answer that asks, and a request that answers. */
export class Rounds {
  readonly #spent: SpentStates;
  readonly #answers: Answers;
  readonly #keyring: () => Keyring;

  constructor(spent: SpentStates, answers: Answers, keyring: () => Keyring) {
    this.#spent = spent;
    this.#answers = answers;
    this.#keyring = keyring;
  }

  /**
   * Reads which round a request is. A state is good once: it would otherwise run a write again.
   * @throws RpcError for a state that was changed, has expired, was used, or belongs to another principal or request.
   */
  open(owner: StateOwner): Round {
    const { requestState, inputResponses } = owner.params;
    if (requestState === undefined) return { replies: new GivenReplies({}, inputResponses), continues: undefined };
    const state = typeof requestState === "string" ? openState(this.#keyring(), owner, requestState, Date.now()) : undefined;
    if (!state || !this.#spent.spend(state.nonce, state.expiresMs)) throw invalidState();
    return { replies: new GivenReplies(state.replies, inputResponses), continues: state.call };
  }

  /** The result that asks. What was answered so far goes with the client, because this object may be gone when it comes back. */
  ask(owner: StateOwner, { asks, call }: InputRequired, { replies }: Round): JsonObject {
    if (!ASKING.has(owner.method)) throw new Error(`${owner.method} cannot ask its client.`);
    const expiresMs = Date.now() + DEFAULTS.stateless.stateTtlMs;
    const requests = Object.fromEntries(Object.entries(asks).map(([key, ask]) => [key, toInputRequest(ask)]));
    return this.#answers.inputRequired(requests, sealState(this.#keyring(), owner, { replies: replies.used, call, expiresMs }));
  }
}

/** One text for all causes: which it was helps only who tries. */
const invalidState = (): RpcError =>
  new RpcError(RPC_CODES.invalidParams, "The requestState is not valid, or was used. Make the request anew.", {
    reason: "invalid_request_state"
  });
