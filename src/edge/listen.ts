import { DEFAULTS } from "../config.ts";
import { toMessageEvent } from "../lib/server-sent-event.ts";
import { utf8Bytes } from "../lib/text.ts";
import { askHome } from "../mcp/doors/home-request.ts";
import type { Request as RpcRequest } from "../mcp/protocol/json-rpc.ts";
import type { Answers } from "../mcp/requests/answers.ts";
import { readFilter, type Subscription, toAcknowledgement } from "../mcp/requests/subscription.ts";
import { accepts } from "./accept.ts";
import { holdStream } from "./held-stream.ts";
import { homeStubOf } from "./home-stub.ts";
import { refuse } from "./respond.ts";
import type { Admitted } from "./session.ts";

/** A subscription must fit what a sleeping socket carries: https://developers.cloudflare.com/durable-objects/api/websockets */
const MAX_SUBSCRIPTION_BYTES = 12 * 1024;

/**
 * Serves `subscriptions/listen`: a stream that stays open and tells of changes. The Worker holds it, the principal's home a socket
 * that sleeps.
 * Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/subscriptions
 */
export async function serveListen(
  request: Request,
  { id, params = {} }: RpcRequest,
  { slice, slicePath, caller, isStillGood, homes }: Admitted,
  answers: Answers
): Promise<Response> {
  if (!accepts(request, "text/event-stream")) return refuse("not_acceptable", "Accept text/event-stream.", { id });
  const filter = readFilter(params.notifications, (uri) => slice.resource(uri) !== undefined);
  if (!filter) return refuse("invalid_params", "notifications must say what to tell of.", { id });
  const subscription: Subscription = { id, filter };
  const greeting = toMessageEvent(toAcknowledgement(subscription));
  if (Object.keys(filter).length === 0) return endAtOnce(greeting, subscription, answers);
  const text = JSON.stringify(subscription);
  if (utf8Bytes(text) > MAX_SUBSCRIPTION_BYTES)
    return refuse("invalid_params", "One subscription cannot hold so much. Make several.", { id });
  const answer = await askHome(homeStubOf(caller.principal, homes), "listen", { caller, slicePath, canStream: true, subscription: text });
  if (answer.status === 429)
    return refuse("too_many_subscriptions", "You have as many subscriptions open as you may have. Close one.", { id });
  if (!answer.webSocket) return answer;
  return holdStream(answer.webSocket, { greeting, keepAliveMs: DEFAULTS.stateless.keepAliveMs, isStillGood, signal: request.signal });
}

/** Nobody can tell of anything that was asked for. */
function endAtOnce(greeting: string, { id }: Subscription, answers: Answers): Response {
  const end = toMessageEvent({ jsonrpc: "2.0", id, result: answers.endOfSubscription(id) });
  return new Response(`${greeting}${end}`, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
}
