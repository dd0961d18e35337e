import { afterAll, beforeAll, expect, it } from "vitest";
import { createPrincipal, startServer, type TestServer } from "../support/server.ts";
import { RawSession } from "../support/session.ts";
import { RawSocket } from "../support/socket.ts";
import { RawStateless } from "../support/stateless.ts";

// A question is its asker's: nobody else answers it, whatever they know of it.

let server: TestServer;
let url: string;

beforeAll(async () => {
  server = await startServer({ configPath: "test/fixtures/wrangler.toml" });
  url = `${server.url}/mcp`;
});
afterAll(() => server?.close());

const accept = (name: string) => ({ action: "accept", content: { name } });
const capabilities = { elicitation: {} };

it("is not answered from another's session, socket or by another with the asker's session id", async () => {
  const [alice, bob] = [await createPrincipal(server), await createPrincipal(server)];
  const { socket, session } = await RawSocket.begin(url, { headers: alice, capabilities });
  const his = await RawSocket.begin(url, { headers: bob, capabilities });
  socket.send({ jsonrpc: "2.0", id: "asks", method: "tools/call", params: { name: "ask_name", arguments: {} } });
  const { id } = await socket.next(({ method }) => method === "elicitation/create");
  const forged = { jsonrpc: "2.0", id, result: accept("Mallory") };
  his.socket.send(forged);
  const http = await RawSession.begin(url, { headers: bob, capabilities });
  expect((await http.post(forged)).status).toBe(202);
  expect((await http.post(forged, { "mcp-session-id": session })).status).toBe(404);
  expect((await his.socket.request("ping")).result).toEqual({}); // what he sent was taken
  socket.send({ jsonrpc: "2.0", id, result: accept("Ada") });
  expect((await socket.next((message) => message.id === "asks")).result?.structuredContent).toEqual({ action: "accept", name: "Ada" });
  for (const open of [socket, his.socket]) open.close();
});

it("is not answered with another's requestState, which stays good for whom it was given", async () => {
  const clients = [await createPrincipal(server), await createPrincipal(server)].map((headers) => new RawStateless(url, headers));
  const [alice, bob] = clients;
  const call = { name: "ask_name", arguments: {} };
  const [asked] = (await alice?.request("tools/call", call, { capabilities })) ?? [];
  const requestState = String(asked?.result?.requestState);
  const inputResponses = { who: accept("Ada") };
  const errorOf = async (state: string) => {
    const [answer] = (await bob?.request("tools/call", { ...call, requestState: state, inputResponses }, { id: 1, capabilities })) ?? [];
    return answer?.error;
  };
  const error = await errorOf(requestState);
  expect(error).toMatchObject({ code: -32602, data: { reason: "invalid_request_state" } });
  expect(error).toEqual(await errorOf("nothing"));
  const [answer] = (await alice?.request("tools/call", { ...call, requestState, inputResponses }, { capabilities })) ?? [];
  expect(answer?.result?.structuredContent).toEqual({ action: "accept", name: "Ada" });
});
