import { META } from "../src/mcp/protocol/meta-keys.ts";
import { HttpConnection } from "./http-connection.ts";
import { checkAnswer, FIRST_ID, type Session, textOf } from "./lanes/lane.ts";

const REVISION = "2026-07-28";

const ENVELOPE = JSON.stringify({
  [META.revision]: REVISION,
  [META.client]: { name: "bench", version: "1.0.0" },
  [META.capabilities]: {}
});

/** A client of the stateless era. */
export interface StatelessClient extends Session {
  /** Calls a tool with arguments, as JSON in ASCII, and returns the answer. */
  callTool(tool: string, args: string, id?: number): Promise<string>;
}

/** Opens a connection for calls of the stateless era. @param key stands for the principal. */
export function openStateless(port: number, key: string): StatelessClient {
  const connection = new HttpConnection(port);
  const callTool = async (tool: string, args: string, id = FIRST_ID) => {
    const { status, body } = await connection.send(toPost(key, id, tool, args));
    if (status !== 200) throw new Error(`The call ${id} was answered with ${status}: ${body}`);
    return body;
  };
  return {
    callTool,
    async call(id) {
      checkAnswer(await callTool("echo", `{"text":"${textOf(id)}"}`, id), id);
    },
    close: () => connection.close()
  };
}

/** The arguments are ASCII, so that characters count as bytes. */
function toPost(key: string, id: number, tool: string, args: string): string {
  const body = `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${tool}","arguments":${args},"_meta":${ENVELOPE}}}`;
  return `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\nAuthorization: Bearer ${key}\r\nMCP-Protocol-Version: ${REVISION}\r\nMcp-Method: tools/call\r\nMcp-Name: ${tool}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
