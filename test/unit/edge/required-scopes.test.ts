import { createExecutionContext, listDurableObjectIds } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { type ApiKeyRecord, apiKeyName, createApiKey } from "../../../src/auth/api-key.ts";
import { catalog } from "../../../src/catalog/catalog.ts";
import { createEdge } from "../../../src/edge/edge.ts";

const DEPLOYED = { DORMOUSE_LOCAL: "", DORMOUSE_SECRET: "test-secret-of-a-deployed-server-0123456789abcdef" };
const REVISION = "2026-07-28";

/** Sends requests with a key that may use the server and nothing more. */
async function createSender() {
  const { kid, key, hash } = createApiKey();
  await env.KEYS.put(apiKeyName(kid), JSON.stringify({ hash, scopes: ["mcp:use"], created: 0 } satisfies ApiKeyRecord));
  const edge = createEdge(catalog);
  return (method: string, params: Record<string, unknown>, more: Record<string, string> = {}) => {
    const headers = {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...more
    };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    const request = new Request("https://dormouse.example/mcp/x/all", { method: "POST", headers, body });
    return edge.fetch(request, { ...env, ...DEPLOYED }, createExecutionContext());
  };
}

const objects = async () => [...(await listDurableObjectIds(env.HOME)), ...(await listDurableObjectIds(env.SESSION))];

const CALL = { name: "get_repository", arguments: { owner: "octo", repo: "burrow" } };
const READ = { uri: "repository://octo/burrow" };

describe("a request whose caller lacks a scope", () => {
  const refusalOf = async (response: Response) => [response.status, ((await response.json()) as { error: { data: object } }).error.data];
  const REFUSED = [403, { reason: "insufficient_scope", scopes: ["mcp:use", "github:read"] }];

  it.each([
    ["tools/call", CALL],
    ["resources/read", READ]
  ])("reaches no object by %s, whatever the era", async (method, params) => {
    const send = await createSender();
    const client = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "unit", version: "1" } };
    const session = (await send("initialize", client)).headers.get("mcp-session-id") ?? "";
    expect(await refusalOf(await send(method, params, { "mcp-session-id": session }))).toEqual(REFUSED);
    const envelope = {
      "io.modelcontextprotocol/protocolVersion": REVISION,
      "io.modelcontextprotocol/clientInfo": client.clientInfo,
      "io.modelcontextprotocol/clientCapabilities": {}
    };
    const name = "name" in params ? params.name : params.uri;
    const mirrors = { "mcp-protocol-version": REVISION, "mcp-method": method, "mcp-name": name };
    expect(await refusalOf(await send(method, { ...params, _meta: envelope }, mirrors))).toEqual(REFUSED);
    expect(await objects()).toEqual([]);
  });

  it("is told apart from one for what is not there", async () => {
    const send = await createSender();
    const response = await send("tools/call", { ...CALL, name: "nothing" }, { "mcp-session-id": "none" });
    expect(response.status).toBe(404);
  });
});
