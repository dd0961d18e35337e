import { createExecutionContext, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { catalog } from "../../../src/catalog/catalog.ts";
import { Home, SessionAgent } from "../../../src/index.ts";
import { CALLER_HEADER } from "../../../src/mcp/doors/caller-header.ts";
import { NO_CREDENTIALS, SCOPES } from "../../../src/mcp/principal.ts";
import { createTrustingEdge } from "../../fixtures/trusting-edge.ts";
import { readMessages } from "../../support/session.ts";
import { envelope, toHeaders } from "../../support/stateless.ts";
import { textOf, UPGRADE } from "../isolation/client.ts";
import { begin, createCaller, createPrincipal, type Somebody, type send } from "../session/in-worker.ts";

// What an object is told of a request comes from the edge alone: headers that a client sends, ours and those of the libraries that
// we are built on, change nothing. The control is an edge that hands them on.

let alice: Somebody;
let bob: Somebody;
let session: string;

beforeEach(async () => {
  alice = await createPrincipal();
  bob = await createPrincipal();
  await createCaller(alice.headers)("get_call", { call: "call_of_alice" });
  session = await begin(bob.headers);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

/** Every header that an object, or a library below it, might believe. */
function forged(): Record<string, string> {
  const principal = { id: alice.id, kind: "key", clientId: alice.id, scopes: SCOPES };
  const caller = JSON.stringify({ principal, credentials: NO_CREDENTIALS });
  const props = JSON.stringify({ principal });
  return {
    ...{
      [CALLER_HEADER]: caller,
      "dormouse-resume": "0123456789abcdef",
      "dormouse-json-only": "1",
      "dormouse-subscription": "e30",
      "dormouse-download": "e30"
    },
    ...{ "x-agents-props": props, "x-agents-session": "alice", "x-agents-initialized": "1", "x-agents-forwarded": "1" },
    ...{ "cf-mcp-method": "DELETE", "cf-mcp-message": "e30=", "cf-mcp-session-id": "alice", "cf-mcp-props": props },
    ...{ "x-partykit-room": "session:alice", "x-partykit-namespace": "session", "x-partykit-props": props, "x-partykit-id": "alice" }
  };
}

const LIST = { name: "list_calls", arguments: {} };
const CALL = { id: 1, method: "tools/call", params: LIST };
const STATELESS = { ...CALL, params: { ...LIST, _meta: envelope() } };
const LISTENED = { notifications: { resourceSubscriptions: ["calls://recent"] } };
const LISTEN = { id: 1, method: "subscriptions/listen", params: { ...LISTENED, _meta: envelope() } };

/** Every way in which a request reaches an object. */
const ROUTES: Readonly<Record<string, () => Parameters<typeof send>>> = {
  POST: () => ["POST", session, CALL],
  "POST of a list": () => ["POST", session, { id: 1, method: "tools/list" }],
  GET: () => ["GET", session],
  upgrade: () => ["GET", session, undefined, UPGRADE],
  DELETE: () => ["DELETE", session],
  stateless: () => ["POST", undefined, STATELESS, toHeaders("tools/call", LIST)],
  listen: () => ["POST", undefined, LISTEN, toHeaders("subscriptions/listen", LISTENED)]
};

/** Those that are answered with a stream which stays open. */
const HELD: ReadonlySet<string> = new Set(["GET", "listen"]);

type Serve = (request: Request) => Promise<Response>;

const ours: Serve = (request) => import("cloudflare:workers").then(({ exports }) => exports.default.fetch(request));
const trusting: Serve = (request) => createTrustingEdge(catalog, env, createExecutionContext())(request);

/** What reached an object of a request that was sent to an edge. */
async function arrived(serve: Serve, route: string, more: Record<string, string>): Promise<string> {
  const seen: unknown[] = [];
  for (const { prototype } of [SessionAgent, Home]) {
    const { fetch } = prototype;
    vi.spyOn(prototype, "fetch").mockImplementation(function (this: SessionAgent, request: Request) {
      seen.push([request.method, request.url, [...request.headers].sort()]);
      return fetch.call(this, request);
    });
  }
  const [method, id, message, headers] = ROUTES[route]?.() ?? ["POST", undefined];
  const request = toRequest(method, id, message, { ...headers, ...bob.headers, ...more });
  await textOf(await serve(request), HELD.has(route) ? "GET" : method);
  vi.restoreAllMocks();
  return JSON.stringify(seen).replaceAll(session, "<session>");
}

function toRequest(method: string, id: string | undefined, message: object | undefined, headers: Record<string, string>): Request {
  const all = { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers };
  return new Request("http://localhost/mcp", {
    method,
    headers: { ...all, ...(id !== undefined && { "mcp-session-id": id }) },
    ...(message && { body: JSON.stringify({ jsonrpc: "2.0", ...message }) })
  });
}

describe.each(Object.keys(ROUTES))("what reaches an object by %s", (route) => {
  it("is the same whatever else a client sends", async () => {
    const plain = await arrived(ours, route, {});
    expect(plain).toContain(bob.id);
    session = await begin(bob.headers);
    expect(await arrived(ours, route, forged())).toBe(plain);
  });

  it("is another where the edge is wrong", async () => {
    expect(await arrived(trusting, route, forged())).toContain(alice.id);
  });
});

describe("the history of another", () => {
  const read = async (serve: Serve, route: string): Promise<string> => {
    const [method, id, message, headers] = ROUTES[route]?.() ?? ["POST", undefined];
    const response = await serve(toRequest(method, id, message, { ...headers, ...bob.headers, ...forged() }));
    const { webSocket: socket } = response;
    if (!socket) return JSON.stringify(await readMessages(response));
    const frame = new Promise<string>((resolve) => socket.addEventListener("message", ({ data }) => resolve(String(data))));
    socket.accept();
    socket.send(JSON.stringify({ jsonrpc: "2.0", ...CALL }));
    return frame.finally(() => socket.close());
  };

  it.each(["POST", "upgrade"])("is not read by %s, however one calls oneself", async (route) => {
    expect(await read(ours, route)).toContain('"calls":[]');
  });

  it.each(["POST", "upgrade"])("is read by %s where the edge is wrong", async (route) => {
    expect(await read(trusting, route)).toContain("call_of_alice");
  });
});
