import { expect, it } from "vitest";
import type { Message } from "../../../src/mcp/protocol/json-rpc.ts";
import type { PendingRequest } from "../../../src/sdk/pending-request.ts";
import type { ReplyPort } from "../../../src/sdk/reply-port.ts";
import { type RequestScope, Switchboard } from "../../../src/sdk/switchboard.ts";

const REQUEST = { jsonrpc: "2.0", id: 1, method: "tools/call" } as const;
const SCOPE = {} as RequestScope;

/** Serves one request and keeps what belongs to it. */
function serve(switchboard: Switchboard, answer: Promise<object>) {
  const sent: (Message | "cancelled" | "closed")[] = [];
  const replies: ReplyPort = {
    origin: "test",
    isLeft: false,
    send: (message) => void sent.push(message),
    cancel: () => void sent.push("cancelled"),
    closeStream: () => void sent.push("closed")
  };
  const served = Promise.withResolvers<PendingRequest>();
  switchboard.request(REQUEST, SCOPE, replies, (_, pending) => {
    served.resolve(pending);
    return answer;
  });
  return { sent, pending: served.promise };
}

it("sends nothing after the answer, of whatever a tool that was left still says", async () => {
  const { sent, pending } = serve(new Switchboard(), Promise.resolve({}));
  const request = await pending;
  await Promise.resolve();
  request.notify("notifications/progress", { progress: 1 });
  request.closeStream();
  expect(sent).toEqual([{ jsonrpc: "2.0", id: 1, result: {} }]);
});

it("sends nothing after a cancellation", async () => {
  const switchboard = new Switchboard();
  const { sent, pending } = serve(switchboard, new Promise(() => {}));
  switchboard.notify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } }, "test");
  const request = await pending;
  request.notify("notifications/progress", { progress: 1 });
  request.closeStream();
  expect(sent).toEqual(["cancelled"]);
});
