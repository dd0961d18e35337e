import { mintSessionId } from "../mcp/signed/session-id.ts";
import { refuse } from "./respond.ts";
import { type Admitted, findSession } from "./session.ts";

const SUBPROTOCOL = "mcp";
const SOCKET_NAME = /^[0-9a-f]{16}$/;

/**
 * Serves an upgrade: from then on every frame goes from the client to the object directly. Without a session id one is minted,
 * whose client says who it is in `initialize`.
 */
export async function serveSocket(request: Request, url: URL, admitted: Admitted): Promise<Response> {
  const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());
  if (!offered.includes(SUBPROTOCOL)) return refuse("invalid_request", "Ask for the subprotocol mcp.");
  const resume = url.searchParams.get("resume") ?? undefined;
  if (resume !== undefined && !SOCKET_NAME.test(resume)) return refuse("invalid_request", "resume is not the name of a socket.");
  const sessionId = request.headers.get("mcp-session-id") ?? url.searchParams.get("session") ?? mintNamelessId(admitted);
  const found = findSession(request, admitted, sessionId);
  if (found instanceof Response) return found;
  const answer = await found.ask("socket", { resume });
  if (answer.status === 429) return refuse("too_many_sockets", "This session has as many sockets as it may have. Close one.");
  if (!answer.webSocket) return answer;
  const headers = { "sec-websocket-protocol": SUBPROTOCOL, "mcp-session-id": sessionId };
  return new Response(null, { status: 101, webSocket: answer.webSocket, headers });
}

function mintNamelessId({ keyring, caller }: Admitted): string {
  return mintSessionId(keyring, caller.principal.id, {
    issuedMs: Date.now(),
    revision: "",
    capabilities: {},
    client: { name: "", version: "" }
  });
}
