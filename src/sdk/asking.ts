import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { RequestOptions } from "@modelcontextprotocol/sdk/shared/protocol.js";
import {
  type ClientCapabilities,
  CreateMessageResultSchema,
  CreateMessageResultWithToolsSchema,
  ElicitResultSchema,
  ErrorCode,
  ListRootsResultSchema,
  McpError
} from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { type Ask, type Asks, type ElicitForm, type Replies, toRequestedSchema } from "../mcp/ask.ts";
import { DeadlineExceeded, InvalidInput, Unsupported } from "../mcp/errors.ts";
import type { PendingRequest } from "./pending-request.ts";

/** Asks a client of the sessionful era several questions at once, on the stream of the call that asks. */
export async function askClient<A extends Asks>(asks: A, server: Server, pending: PendingRequest, timeoutMs: number): Promise<Replies<A>> {
  const capabilities = server.getClientCapabilities() ?? {};
  const abandoned = new AbortController();
  const signal = AbortSignal.any([pending.signal, abandoned.signal]);
  const options = { timeout: timeoutMs, signal, relatedRequestId: pending.id };
  // Refused as a whole before the first question leaves: nobody answers half of a form for nothing.
  for (const ask of Object.values(asks)) requireCapability(ask, capabilities);
  const replies = await Promise.all(
    Object.entries(asks).map(async ([key, ask]) => [key, await askOne(ask, server, options)] as const)
  ).catch((error: unknown) => {
    abandoned.abort(); // nobody reads the other answers; their timers would keep the object awake
    throw translate(error, timeoutMs);
  });
  return Object.fromEntries(replies) as Replies<A>; // each reply was parsed with the schema of its question
}

function requireCapability(ask: Ask, { elicitation, sampling, roots }: ClientCapabilities): void {
  // Clients before 2025-11-25 declare elicitation with no mode, and mean forms.
  const hasForm = elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
  const declared = {
    elicit: hasForm,
    elicit_url: elicitation?.url !== undefined,
    sample: sampling !== undefined,
    roots: roots !== undefined
  };
  if (!declared[ask.kind])
    throw new Unsupported(`This needs a client that supports ${NEEDED[ask.kind]}, and yours does not say that it does.`);
}

const NEEDED = {
  elicit: "elicitation (forms)",
  elicit_url: "elicitation (URLs)",
  sample: "sampling",
  roots: "roots"
} as const;

async function askOne(ask: Ask, server: Server, options: RequestOptions): Promise<unknown> {
  switch (ask.kind) {
    case "elicit":
      return elicitForm(ask, server, options);
    case "elicit_url": {
      const params = { mode: "url" as const, message: ask.message, url: ask.url, elicitationId: crypto.randomUUID() };
      return server.request({ method: "elicitation/create", params }, ElicitResultSchema, options);
    }
    case "sample": {
      const schema = ask.params.tools === undefined ? CreateMessageResultSchema : CreateMessageResultWithToolsSchema;
      // The SDK's type of the same thing; it is checked by the client that receives it.
      return server.request({ method: "sampling/createMessage", params: ask.params as never }, schema, options);
    }
    case "roots":
      return server.request({ method: "roots/list" }, ListRootsResultSchema, options);
  }
}

async function elicitForm({ message, schema }: ElicitForm, server: Server, options: RequestOptions): Promise<unknown> {
  // Not elicitInput: it leaves the stream of the call.
  const params = { message, requestedSchema: toRequestedSchema(schema) as never };
  const reply = await server.request({ method: "elicitation/create", params }, ElicitResultSchema, options);
  if (reply.action !== "accept") return reply;
  const content = schema.safeParse(reply.content ?? {});
  if (!content.success) throw new InvalidInput("What the form was answered with does not fit its fields.", { cause: content.error });
  return { action: "accept", content: content.data };
}

function translate(error: unknown, timeoutMs: number): unknown {
  if (error instanceof z.core.$ZodError) return new InvalidInput("The client's answer to the question is malformed.", { cause: error });
  if (!(error instanceof McpError)) return error;
  if (error.code === ErrorCode.RequestTimeout) {
    return new DeadlineExceeded(`Nobody answered the question within ${timeoutMs / 1000} s.`, { cause: error });
  }
  return new InvalidInput("The client refused the question.", { cause: error });
}
