import { z } from "zod";
import type { Json, JsonObject } from "../lib/json.ts";

/** A question to the client, or through it to its user or its model. */
export type Ask = ElicitForm | ElicitUrl | Sample | ListRoots;

/** Asks the user to fill in a form. */
export interface ElicitForm<S extends z.ZodObject = z.ZodObject> {
  readonly kind: "elicit";
  readonly message: string;
  readonly schema: S;
}

/** Asks the user to do something on a page, such as signing in; what is typed there never passes through the client. */
export interface ElicitUrl {
  readonly kind: "elicit_url";
  readonly message: string;
  readonly url: string;
}

/** Asks the client's model: https://modelcontextprotocol.io/specification/2025-11-25/schema#createmessagerequestparams */
export interface Sample {
  readonly kind: "sample";
  readonly params: { readonly messages: Json[]; readonly maxTokens: number; readonly [key: string]: Json | undefined };
}

/** Asks which folders the client works in. */
export interface ListRoots {
  readonly kind: "roots";
}

export const elicit = <S extends z.ZodObject>(message: string, schema: S): ElicitForm<S> => ({ kind: "elicit", message, schema });
export const elicitUrl = (message: string, url: string): ElicitUrl => ({ kind: "elicit_url", message, url });
export const sample = (params: Sample["params"]): Sample => ({ kind: "sample", params });
export const roots = (): ListRoots => ({ kind: "roots" });

/** What comes back for a question. */
export type Reply<A extends Ask> =
  A extends ElicitForm<infer S>
    ? { readonly action: "accept"; readonly content: z.output<S> } | Refusal
    : A extends ElicitUrl
      ? { readonly action: "accept" } | Refusal
      : A extends Sample
        ? { readonly role: "user" | "assistant"; readonly content: Json; readonly model: string; readonly stopReason?: string }
        : { readonly roots: readonly { readonly uri: string; readonly name?: string }[] };

/** The user said no, or left. */
interface Refusal {
  readonly action: "decline" | "cancel";
}

/**
 * What `ask` throws in the stateless era where an answer is not there yet: it comes with the client's next request, which runs the
 * tool again from its start. It is no failure, and nothing catches it but the wire.
 */
export class InputRequired extends Error {
  override readonly name = "InputRequired";
  readonly asks: Asks;
  /** The call that waits, where it is one: its row is settled by the request that continues it. */
  call: SuspendedCall | undefined;

  constructor(asks: Asks) {
    super("The client is asked first.");
    this.asks = asks;
  }
}

/** A call that waits for the client's answer between two requests. */
export interface SuspendedCall {
  readonly seq: number;
  /** When its first request came, milliseconds since the epoch. */
  readonly startedMs: number;
}

/** Several questions at once, each under a name of the tool's choice. */
export type Asks = Readonly<Record<string, Ask>>;

export type Replies<A extends Asks> = { readonly [K in keyof A]: Reply<A[K]> };

/** The form's schema as the protocol restricts it: https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation#requested-schema */
export function toRequestedSchema(schema: z.ZodObject): JsonObject {
  const { $schema: _, additionalProperties: __, ...requested } = z.toJSONSchema(schema, { io: "input" }) as JsonObject;
  return requested;
}
