import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { RequestOptions } from "@modelcontextprotocol/sdk/shared/protocol.js";
import {
  CreateMessageResultSchema,
  CreateMessageResultWithToolsSchema,
  ElicitResultSchema,
  ErrorCode,
  ListRootsResultSchema,
  McpError
} from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { type Ask, type Asks, type ElicitForm, type Replies, toRequestedSchema } from "../mcp/ask.ts";
import { requireCapabilities } from "../mcp/calls/capabilities.ts";
import { DeadlineExceeded, InvalidInput } from "../mcp/errors.ts";
import { readForm } from "../mcp/requests/replies.ts";
import type { PendingRequest } from "./pending-request.ts";

/** When a question is not waited for any longer. */
export interface AskLimits {
  readonly timeoutMs: number;
  /** Aborted when the call that asks is stopped: the client is told that nobody needs the answer. */
  readonly signal: AbortSignal;
}

/** Asks a client of the sessionful era several questions at once, on the stream of the call that asks. */
export async function askClient<A extends Asks>(
  asks: A,
  server: Server,
  pending: PendingRequest,
  { timeoutMs, signal: stopped }: AskLimits
): Promise<Replies<A>> {
  const abandoned = new AbortController();
  const signal = AbortSignal.any([stopped, abandoned.signal]);
  const options = { timeout: timeoutMs, signal, relatedRequestId: pending.id };
  requireCapabilities(asks, server.getClientCapabilities() ?? {});
  const replies = await Promise.all(
    Object.entries(asks).map(async ([key, ask]) => [key, await askOne(ask, server, options)] as const)
  ).catch((error: unknown) => {
    abandoned.abort(); // nobody reads the other answers; their timers would keep the object awake
    throw translate(error, timeoutMs);
  });
  return Object.fromEntries(replies) as Replies<A>; // each reply was parsed with the schema of its question
}

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

async function elicitForm(ask: ElicitForm, server: Server, options: RequestOptions): Promise<unknown> {
  // Not elicitInput: it leaves the stream of the call.
  const params = { message: ask.message, requestedSchema: toRequestedSchema(ask.schema) as never };
  const reply = await server.request({ method: "elicitation/create", params }, ElicitResultSchema, options);
  return reply.action === "accept" ? readForm(ask, reply.content) : reply;
}

function translate(error: unknown, timeoutMs: number): unknown {
  if (error instanceof z.core.$ZodError) return new InvalidInput("The client's answer to the question is malformed.", { cause: error });
  if (!(error instanceof McpError)) return error;
  if (error.code === ErrorCode.RequestTimeout) {
    return new DeadlineExceeded(`Nobody answered the question within ${timeoutMs / 1000} s.`, { cause: error });
  }
  return new InvalidInput("The client refused the question.", { cause: error });
}
