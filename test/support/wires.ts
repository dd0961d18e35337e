import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { WebSocketClientTransport } from "@modelcontextprotocol/sdk/client/websocket.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { McpError, ResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { describe } from "vitest";
import type { Received, ToolAnswer } from "./session.ts";

/** One of the ways in which an official client reaches a session. */
export interface Wire {
  readonly name: string;
  createTransport(url: string): Transport;
}

/** A session of an official client that sends what a test says, also what its own methods would not send. */
export interface WireSession {
  /** Sends a request and reads its answer, an error among them. */
  request(method: string, params?: Record<string, unknown>): Promise<Received>;
  /** Calls a tool and reads its result. */
  call(name: string, args?: object): Promise<ToolAnswer>;
  close(): Promise<void>;
}

// The SDK's transports and its interface differ under exactOptionalPropertyTypes, hence the casts.
const WIRES: readonly Wire[] = [
  { name: "HTTP", createTransport: (url) => new StreamableHTTPClientTransport(new URL(url)) as Transport },
  { name: "WebSocket", createTransport: (url) => new WebSocketClientTransport(new URL(url.replace(/^http/, "ws"))) as Transport }
];

/** Describes behaviour that is the same on every wire, and runs it on each. */
export function describeWires(name: string, body: (wire: Wire) => void): void {
  for (const wire of WIRES) describe(`${name} (${wire.name})`, () => body(wire));
}

/** Connects an official client over a wire. */
export async function openSession(wire: Wire, url: string): Promise<WireSession> {
  const client = new Client({ name: "an official client", version: "1" });
  await client.connect(wire.createTransport(url));
  const request = async (method: string, params: Record<string, unknown> = {}): Promise<Received> => {
    try {
      return { result: await client.request({ method, params }, ResultSchema) };
    } catch (error) {
      if (!(error instanceof McpError)) throw error;
      const { code, data } = error;
      return { error: { code, message: error.message.replace(`MCP error ${code}: `, ""), data: data as Record<string, unknown> } };
    }
  };
  return {
    request,
    async call(name, args = {}) {
      const answer = await request("tools/call", { name, arguments: args });
      if (!answer.result) throw new Error(`${name} answered ${JSON.stringify(answer)}`);
      return answer.result as unknown as ToolAnswer;
    },
    close: () => client.close()
  };
}
