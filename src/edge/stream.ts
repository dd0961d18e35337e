import { DEFAULTS } from "../config.ts";
import { accepts } from "./accept.ts";
import { refuse } from "./respond.ts";
import { type Admitted, findSession } from "./session.ts";

/** How much may wait for a client that does not read, bytes: all that is kept of a stream comes at once, at up to three bytes a character. */
const QUEUE_BYTES = 3 * DEFAULTS.stream.kept.length + 1024 * 1024;

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
  return new Response(toBody(answer.webSocket), { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
}

function toBody(socket: WebSocket): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        socket.addEventListener("message", ({ data }) => {
          controller.enqueue(encoder.encode(String(data)));
          if ((controller.desiredSize ?? 0) >= 0) return;
          socket.close(1013, "the client does not read");
          controller.error(new Error("The client does not read."));
        });
        socket.addEventListener("close", () => {
          try {
            controller.close();
          } catch {
            // The client has closed it before.
          }
        });
        controller.enqueue(encoder.encode(": open\n\n")); // headers leave with the first byte
        socket.accept();
      },
      cancel() {
        socket.close(1000, "the client has gone");
      }
    },
    new ByteLengthQueuingStrategy({ highWaterMark: QUEUE_BYTES })
  );
}
