import { runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { DEFAULTS } from "../../../src/config.ts";
import { createCatalog } from "../../../src/mcp/catalog.ts";
import { NO_CREDENTIALS } from "../../../src/mcp/principal.ts";
import { Switchboard } from "../../../src/sdk/switchboard.ts";
import { SocketLane, type SocketLaneOptions } from "../../../src/session/socket-lane.ts";
import { Sockets } from "../../../src/session/sockets.ts";
import { Events } from "../../../src/stores/events.ts";
import { begin, stubOf } from "./in-worker.ts";

const PING = JSON.stringify({ jsonrpc: "2.0", id: 7, method: "ping" });
const catalog = createCatalog({ info: { name: "t", title: "T", version: "1" }, instructions: "", tools: [], prompts: [], resources: [] });

/** Sends a frame over a socket whose lane is made as told, and returns what came back. */
async function sendPing(options: Partial<SocketLaneOptions>, checkedMs: number, expiresMs?: number) {
  return runInDurableObject(stubOf(await begin()), async (_, state) => {
    const sockets = new Sockets(state);
    const lane = new SocketLane({
      catalog,
      switchboard: new Switchboard(),
      events: new Events(state.storage, () => {}),
      sockets,
      limits: DEFAULTS.socket,
      connect: async () => async () => ({}),
      introduce: () => "",
      callerOf: ({ principal }) => ({ principal, credentials: NO_CREDENTIALS }),
      isStillValid: async () => true,
      holdWhile: () => {},
      ...options
    });
    const init = { issuedMs: Date.now(), revision: "2025-11-25", capabilities: {}, client: { name: "t", version: "1" } };
    const principal = { id: "key:t", kind: "key", clientId: "t", scopes: [] } as const;
    const { socket, response } = sockets.accept({
      name: "0",
      principal,
      ...NO_CREDENTIALS,
      expiresMs,
      sealedToken: undefined,
      checkedMs,
      slicePath: "",
      init
    });
    const came = new Promise<unknown>((resolve) => {
      response.webSocket?.addEventListener("message", ({ data }) => resolve(JSON.parse(String(data))));
      response.webSocket?.addEventListener("close", ({ code }) => resolve(code));
    });
    response.webSocket?.accept();
    await lane.receive(socket, PING);
    return came;
  });
}

it("answers a ping while all is well", async () => {
  expect(await sendPing({}, Date.now())).toMatchObject({ id: 7, result: {} });
});

it("closes the socket when its credentials are gone, and with another code when nobody can tell", async () => {
  expect(await sendPing({ isStillValid: async () => false }, 0)).toBe(4401);
  expect(await sendPing({ isStillValid: () => Promise.reject(new Error("KV is down")) }, 0)).toBe(1011);
});

it("closes the socket when its token has expired, however lately it was looked at", async () => {
  expect(await sendPing({}, Date.now(), Date.now() + 60_000)).toMatchObject({ id: 7 });
  expect(await sendPing({}, Date.now(), Date.now() - 1)).toBe(4401);
});

it("closes the socket when what it was opened with cannot be unsealed any more", async () => {
  expect(await sendPing({ callerOf: () => undefined }, Date.now())).toBe(4401);
});

it("answers with an error when the session cannot be connected", async () => {
  const answer = await sendPing({ connect: () => Promise.reject(new Error("no secret")) }, Date.now());
  expect(answer).toMatchObject({ id: 7, error: { code: -32603, data: { reason: "internal_error" } } });
  expect(JSON.stringify(answer)).not.toContain("no secret");
});
