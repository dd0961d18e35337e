import { z } from "zod";
import { isJsonObject, type Json, type JsonObject } from "../../lib/json.ts";
import { type Ask, type Asks, type ElicitForm, InputRequired, type Replies, type Reply, toRequestedSchema } from "../ask.ts";
import { InvalidInput } from "../errors.ts";

/** The replies of one request of the stateless era: those that came with it, and those of earlier rounds. */
export class GivenReplies {
  readonly #given: JsonObject;
  readonly #used: { [key: string]: Json } = {};

  /** @param earlier replies that were used before; what was answered once stays as it was. */
  constructor(earlier: JsonObject, inputResponses: unknown) {
    this.#given = { ...(isJsonObject(inputResponses) && inputResponses), ...earlier };
  }

  /** What was used of them: the next round must know it, its client sends only what it is asked then. */
  get used(): JsonObject {
    return this.#used;
  }

  /**
   * Takes the replies to some questions. A key that nobody asked for is ignored.
   * @throws InputRequired for the questions that have none, or one that is no reply at all; InvalidInput for a form that was
   * filled in wrongly.
   * Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr#error-handling
   */
  take<A extends Asks>(asks: A): Replies<A> {
    const open: { [key: string]: Ask } = {};
    const replies: { [key: string]: Reply<Ask> } = {};
    for (const [key, ask] of Object.entries(asks)) {
      const given = Object.hasOwn(this.#given, key) ? this.#given[key] : undefined;
      const reply = given === undefined ? undefined : readReply(ask, given);
      if (given === undefined || reply === undefined) {
        open[key] = ask;
        continue;
      }
      this.#used[key] = given;
      replies[key] = reply;
    }
    if (Object.keys(open).length > 0) throw new InputRequired(open);
    return replies as Replies<A>; // each was read as the reply to its question
  }
}

/** A question as it stands in an `input_required` result. */
export function toInputRequest(ask: Ask): JsonObject {
  switch (ask.kind) {
    case "elicit": {
      const params = { mode: "form", message: ask.message, requestedSchema: toRequestedSchema(ask.schema) };
      return { method: "elicitation/create", params };
    }
    case "elicit_url":
      return { method: "elicitation/create", params: { mode: "url", message: ask.message, url: ask.url } };
    case "sample":
      return { method: "sampling/createMessage", params: ask.params };
    case "roots":
      return { method: "roots/list", params: {} };
  }
}

/**
 * Reads what a form was filled in with.
 * @throws InvalidInput where it does not fit the form.
 */
export function readForm({ schema }: ElicitForm, content: unknown): Reply<ElicitForm> {
  const read = schema.safeParse(content ?? {});
  if (!read.success) throw new InvalidInput("What the form was answered with does not fit its fields.", { cause: read.error });
  return { action: "accept", content: read.data };
}

/** `undefined` for what is no reply to this kind of question. */
function readReply(ask: Ask, given: Json): Reply<Ask> | undefined {
  switch (ask.kind) {
    case "elicit": {
      const { data } = ELICITED.safeParse(given);
      if (!data) return undefined;
      return data.action === "accept" ? readForm(ask, data.content) : { action: data.action };
    }
    case "elicit_url": {
      const { data } = ELICITED.safeParse(given);
      return data && ({ action: data.action } as Reply<Ask>); // a form that was accepted has content besides
    }
    case "sample":
      return SAMPLED.safeParse(given).data as Reply<Ask> | undefined; // content is JSON, as all that was given is
    case "roots":
      return LISTED.safeParse(given).data as Reply<Ask> | undefined; // the type does not know absent from undefined
  }
}

const ELICITED = z.object({ action: z.enum(["accept", "decline", "cancel"]), content: z.record(z.string(), z.unknown()).optional() });
const SAMPLED = z.object({
  role: z.enum(["user", "assistant"]),
  content: z.union([z.looseObject({ type: z.string() }), z.array(z.looseObject({ type: z.string() }))]),
  model: z.string(),
  stopReason: z.string().optional()
});
const LISTED = z.object({ roots: z.array(z.object({ uri: z.string(), name: z.string().optional() })) });
