import { accepts } from "./accept.ts";
import { holdStream } from "./held-stream.ts";
import { refuse } from "./respond.ts";
import { type Admitted, findSession } from "./session.ts";

/** Every id that the server gave to an event fits this. */
const EVENT_ID = /^[\w.-]{1,200}$/;

/**
 * Serves a GET: the standalone stream, or with `Last-Event-ID` the rest of one that broke off. The Worker holds the response
 * and the object a socket that hibernates, so an open stream costs nothing while it is silent.
 */
export async function serveStream(request: Request, admitted: Admitted): Promise<Response> {
  if (!accepts(request, "text/event-stream")) return refuse("not_acceptable", "Accept text/event-stream.");
  const lastEventId = request.headers.get("last-event-id") ?? undefined;
  if (lastEventId !== undefined && !EVENT_ID.test(lastEventId))
    return refuse("invalid_request", "Last-Event-ID is not one that this server sent.");
  const found = findSession(request, admitted);
  if (found instanceof Response) return found;
  const answer = await found.ask("get", { lastEventId });
  if (!answer.webSocket) return answer;
  return holdStream(answer.webSocket, { greeting: ": open\n\n", isStillGood: () => admitted.isStillGood(), signal: request.signal });
}
