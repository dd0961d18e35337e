import {
  ProtocolError,
  SdkHttpError,
  Client as StatelessClient,
  StreamableHTTPClientTransport as StatelessTransport
} from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { WebSocketClientTransport } from "@modelcontextprotocol/sdk/client/websocket.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  McpError,
  ResultSchema
} from "@modelcontextprotocol/sdk/types.js";
import { describe } from "vitest";
import { z } from "zod";
import type { Received, ToolAnswer } from "./session.ts";
import { REVISION } from "./stateless.ts";

/** One of the ways in which an official client reaches the server. */
export interface Wire {
  readonly name: string;
  readonly era: "sessionful" | "stateless";
  connect(url: string, setup: ClientSetup): Promise<WireSession>;
}

/** What a client says that it can do, and does. */
export interface ClientSetup {
  readonly capabilities?: object;
  /** How it answers each question that the server asks. */
  readonly answers?: Partial<Record<"elicitation/create" | "sampling/createMessage" | "roots/list", Answer>>;
  /** Gets what the server logs. */
  onLog?(params: object): void;
}

type Answer = (params: Record<string, unknown>) => object | Promise<object>;

/** An official client that sends what a test says, also what its own methods would not send. */
export interface WireSession {
  /** Sends a request and reads its answer, an error among them. */
  request(method: string, params?: Record<string, unknown>): Promise<Received>;
  /** Calls a tool and reads its result, having answered what it asked. */
  call(name: string, args?: object, options?: { signal?: AbortSignal }): Promise<ToolAnswer>;
  /** The least severe level that its log wants. */
  setLogLevel(level: string): Promise<void>;
  close(): Promise<void>;
}

// Where the types of the SDKs and ours differ only under exactOptionalPropertyTypes, or in what a test leaves open, there is a cast.
const WIRES: readonly Wire[] = [
  {
    name: "HTTP",
    era: "sessionful",
    connect: (url, setup) => openSessionful(new StreamableHTTPClientTransport(new URL(url)) as Transport, setup)
  },
  {
    name: "WebSocket",
    era: "sessionful",
    connect: (url, setup) => openSessionful(new WebSocketClientTransport(new URL(url.replace(/^http/, "ws"))) as Transport, setup)
  },
  { name: "stateless", era: "stateless", connect: openStateless }
];

/** Describes behaviour that is the same on every wire, and runs it on each. */
export function describeWires(name: string, body: (wire: Wire) => void): void {
  for (const wire of WIRES) describe(`${name} (${wire.name})`, () => body(wire));
}

/** Connects an official client over a wire. */
export const openSession = (wire: Wire, url: string, setup: ClientSetup = {}): Promise<WireSession> => wire.connect(url, setup);

const INFO = { name: "an official client", version: "1" } as const;

/** The client of SDK v1. */
async function openSessionful(transport: Transport, { capabilities = {}, answers = {}, onLog }: ClientSetup): Promise<WireSession> {
  const client = new Client(INFO, { capabilities });
  const { "elicitation/create": elicit, "sampling/createMessage": sample, "roots/list": listRoots } = answers;
  if (elicit) client.setRequestHandler(ElicitRequestSchema, ({ params }) => elicit(params) as never);
  if (sample) client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => sample(params) as never);
  if (listRoots) client.setRequestHandler(ListRootsRequestSchema, () => listRoots({}) as never);
  if (onLog) client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => onLog(params));
  await client.connect(transport);
  return {
    request: (method, params = {}) => received(client.request({ method, params }, ResultSchema)),
    call: async (name, args = {}, options = {}) =>
      (await client.callTool({ name, arguments: args as Record<string, unknown> }, undefined, options)) as unknown as ToolAnswer,
    setLogLevel: async (level) => void (await client.setLoggingLevel(level as "debug")),
    close: () => client.close()
  };
}

/** The client of SDK v2, held to the stateless revision. */
async function openStateless(url: string, { capabilities = {}, answers = {}, onLog }: ClientSetup): Promise<WireSession> {
  const client = new StatelessClient(INFO, { capabilities, versionNegotiation: { mode: { pin: REVISION } } });
  const { "elicitation/create": elicit, "sampling/createMessage": sample, "roots/list": listRoots } = answers;
  if (elicit) client.setRequestHandler("elicitation/create", ({ params }) => elicit(params) as never);
  if (sample) client.setRequestHandler("sampling/createMessage", ({ params }) => sample(params) as never);
  if (listRoots) client.setRequestHandler("roots/list", () => listRoots({}) as never);
  if (onLog) client.setNotificationHandler("notifications/message", ({ params }) => onLog(params));
  await client.connect(new StatelessTransport(new URL(url)) as never);
  let meta: Record<string, unknown> = {};
  return {
    request: (method, params = {}) =>
      received(client.request({ method, params: { ...params, _meta: { ...(params._meta as object), ...meta } } }, z.looseObject({}))),
    call: async (name, args = {}, options = {}) =>
      (await client.callTool({ name, arguments: args as Record<string, unknown>, _meta: meta }, options)) as unknown as ToolAnswer,
    async setLogLevel(level) {
      meta = { "io.modelcontextprotocol/logLevel": level };
    },
    close: () => client.close()
  };
}

/** What came back, as it was on the wire. */
async function received(answer: Promise<object>): Promise<Received> {
  try {
    return { result: (await answer) as Record<string, unknown> };
  } catch (error) {
    // The client of SDK v2 reads the body of a 400 and hands that of a 404 on as text.
    if (error instanceof SdkHttpError) return JSON.parse(String((error.data as { text?: string } | undefined)?.text)) as Received;
    if (!(error instanceof McpError || error instanceof ProtocolError)) throw error;
    const { code, data } = error;
    return { error: { code, message: error.message.replace(`MCP error ${code}: `, ""), data: data as Record<string, unknown> } };
  }
}
