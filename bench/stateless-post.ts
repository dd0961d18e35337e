import { META } from "../src/mcp/meta-keys.ts";
import { HttpConnection } from "./http-connection.ts";
import { checkAnswer, type Session, textOf } from "./lanes/lane.ts";

const REVISION = "2026-07-28";

const ENVELOPE = JSON.stringify({
  [META.revision]: REVISION,
  [META.client]: { name: "bench", version: "1.0.0" },
  [META.capabilities]: {}
});

/** Calls of the stateless era on a connection of their own. @param key stands for the principal. */
export function openStateless(port: number, key: string): Session {
  const connection = new HttpConnection(port);
  return {
    async call(id) {
      const { status, body } = await connection.send(toStatelessPost(key, id, "echo", `{"text":"${textOf(id)}"}`));
      if (status !== 200) throw new Error(`The call ${id} was answered with ${status}: ${body}`);
      checkAnswer(body, id);
    },
    close: () => connection.close()
  };
}

/** A whole request. Its arguments are JSON in ASCII, so that characters count as bytes. */
export function toStatelessPost(key: string, id: number, tool: string, args: string): string {
  const body = `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${tool}","arguments":${args},"_meta":${ENVELOPE}}}`;
  return `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\nAuthorization: Bearer ${key}\r\nMCP-Protocol-Version: ${REVISION}\r\nMcp-Method: tools/call\r\nMcp-Name: ${tool}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
