import { HttpConnection } from "./http-connection.ts";
import { checkAnswer, type Session, toCall } from "./lanes/lane.ts";

const REVISION = "2025-11-25";

/** A session over HTTP. */
export interface McpSession extends Session {
  /** Sends a request, as JSON in ASCII, and returns its answer. */
  send(request: string): Promise<string>;
}

/** Initializes a session of Streamable HTTP on a connection of its own. @param key stands for the principal. */
export async function openMcpSession(port: number, key?: string): Promise<McpSession> {
  const connection = new HttpConnection(port);
  const params = { protocolVersion: REVISION, capabilities: {}, clientInfo: { name: "bench", version: "1.0.0" } };
  const initialize = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params });
  const { head, body, status } = await connection.send(toPost(initialize, undefined, key));
  const sessionId = /^mcp-session-id: *(\S+)/im.exec(head)?.[1];
  if (status !== 200 || !sessionId) throw new Error(`initialize was answered with ${status}: ${body}`);
  const initialized = await connection.send(toPost('{"jsonrpc":"2.0","method":"notifications/initialized"}', sessionId, key));
  if (initialized.status !== 202) throw new Error(`notifications/initialized was answered with ${initialized.status}: ${initialized.body}`);
  return sessionOn(connection, sessionId, key);
}

/** A session that POSTs its calls; answers come as JSON or as a stream of events. */
export function sessionOn(connection: HttpConnection, sessionId: string, key?: string): McpSession {
  const send = async (call: string) => {
    const { status, body } = await connection.send(toPost(call, sessionId, key));
    if (status !== 200) throw new Error(`${call} was answered with ${status}: ${body}`);
    return body.startsWith("{") ? body : dataOf(body);
  };
  return {
    send,
    async call(id) {
      checkAnswer(await send(toCall(id)), id);
    },
    close: () => connection.close()
  };
}

/** The calls are ASCII, so that characters count as bytes. */
function toPost(body: string, sessionId?: string, key?: string): string {
  const authorization = key === undefined ? "" : `Authorization: Bearer ${key}\r\n`;
  const session = sessionId === undefined ? "" : `Mcp-Session-Id: ${sessionId}\r\nMCP-Protocol-Version: ${REVISION}\r\n`;
  return `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\n${authorization}${session}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** The one message of a stream; empty events come before it where a server wants to be resumed. */
function dataOf(stream: string): string {
  const data = stream.split("\n").filter((line) => line.startsWith("data:") && line.length > "data: ".length);
  if (data.length !== 1) throw new Error(`The stream holds ${data.length} messages: ${stream.slice(0, 500)}`);
  return (data[0] ?? "").slice("data:".length);
}
