import { HttpConnection } from "./http-connection.ts";
import { checkAnswer, type Session, toCall } from "./lanes/lane.ts";

const REVISION = "2025-11-25";

/** Initializes a session of Streamable HTTP on a connection of its own. */
export async function openMcpSession(port: number): Promise<Session> {
  const connection = new HttpConnection(port);
  const params = { protocolVersion: REVISION, capabilities: {}, clientInfo: { name: "bench", version: "1.0.0" } };
  const initialize = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params });
  const { head, body, status } = await connection.send(toPost(initialize));
  const sessionId = /^mcp-session-id: *(\S+)/im.exec(head)?.[1];
  if (status !== 200 || !sessionId) throw new Error(`initialize was answered with ${status}: ${body}`);
  const initialized = await connection.send(toPost('{"jsonrpc":"2.0","method":"notifications/initialized"}', sessionId));
  if (initialized.status !== 202) throw new Error(`notifications/initialized was answered with ${initialized.status}: ${initialized.body}`);
  return sessionOn(connection, sessionId);
}

/** A session that POSTs its calls; answers come as JSON or as a stream of events. */
export function sessionOn(connection: HttpConnection, sessionId: string): Session {
  return {
    async call(id) {
      const { status, body } = await connection.send(toPost(toCall(id), sessionId));
      if (status !== 200) throw new Error(`The call ${id} was answered with ${status}: ${body}`);
      checkAnswer(body.startsWith("{") ? body : dataOf(body), id);
    },
    close: () => connection.close()
  };
}

/** The calls are ASCII, so that characters count as bytes. */
function toPost(body: string, sessionId?: string): string {
  const session = sessionId === undefined ? "" : `Mcp-Session-Id: ${sessionId}\r\nMCP-Protocol-Version: ${REVISION}\r\n`;
  return `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\n${session}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** The one message of a stream; empty events come before it where a server wants to be resumed. */
function dataOf(stream: string): string {
  const data = stream.split("\n").filter((line) => line.startsWith("data:") && line.length > "data: ".length);
  if (data.length !== 1) throw new Error(`The stream holds ${data.length} messages: ${stream.slice(0, 500)}`);
  return (data[0] ?? "").slice("data:".length);
}
