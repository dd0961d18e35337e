import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { WebSocketClientTransport } from "@modelcontextprotocol/sdk/client/websocket.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { describe } from "vitest";
import { RawSession, type Received, type ToolAnswer } from "./session.ts";
import { RawSocket } from "./socket.ts";

/** A session on some wire, for what official clients do not let a test see. */
export interface WireSession {
  /** Sends a request and reads its answer. */
  request(method: string, params?: object): Promise<Received>;
  /** Calls a tool and reads its result. */
  call(name: string, args?: object): Promise<ToolAnswer>;
  close(): void;
}

/** One of the ways in which a client reaches a session. */
export interface Wire {
  readonly name: string;
  /** For an official client. */
  createTransport(url: string): Transport;
  open(url: string, capabilities?: object): Promise<WireSession>;
}

const WIRES: readonly Wire[] = [
  {
    name: "HTTP",
    createTransport: (url) => new StreamableHTTPClientTransport(new URL(url)) as Transport, // exactOptionalPropertyTypes and the SDK
    async open(url, capabilities = {}) {
      const session = await RawSession.begin(url, { capabilities });
      const request = async (method: string, params?: object) => lastOf(await session.request(method, params));
      return { request, call: (name, args) => session.call(name, args), close() {} };
    }
  },
  {
    name: "WebSocket",
    createTransport: (url) => new WebSocketClientTransport(new URL(url.replace(/^http/, "ws"))) as Transport,
    async open(url, capabilities = {}) {
      const { socket } = await RawSocket.begin(url, { capabilities });
      const request = (method: string, params?: object) => socket.request(method, params);
      return {
        request,
        async call(name, args = {}) {
          const answer = await request("tools/call", { name, arguments: args });
          if (!answer.result) throw new Error(`${name} answered ${JSON.stringify(answer)}`);
          return answer.result as unknown as ToolAnswer;
        },
        close: () => socket.close()
      };
    }
  }
];

/** Describes behaviour that is the same on every wire, and runs it on each. */
export function describeWires(name: string, body: (wire: Wire) => void): void {
  for (const wire of WIRES) describe(`${name} (${wire.name})`, () => body(wire));
}

function lastOf(messages: readonly Received[]): Received {
  const last = messages.at(-1);
  if (!last) throw new Error("There was no answer.");
  return last;
}
