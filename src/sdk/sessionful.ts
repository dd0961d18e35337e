import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import type { ServerNotification, ServerRequest } from "@modelcontextprotocol/sdk/types.js";
import { CfWorkerJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/cfworker";
import { z } from "zod";
import { isJsonObject, type JsonObject } from "../lib/json.ts";
import { cut } from "../lib/text.ts";
import { callTool } from "../mcp/call-tool.ts";
import type { Catalog, ListMethod } from "../mcp/catalog.ts";
import { Denied, InvalidInput, NotFound, RpcError, ToolError } from "../mcp/errors.ts";
import type { Host, Invocation } from "../mcp/host.ts";
import { RPC_CODES } from "../mcp/json-rpc.ts";
import type { Scope } from "../mcp/principal.ts";
import type { SessionInit } from "../mcp/session-id.ts";
import { type Switchboard, scopeOf } from "./switchboard.ts";

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;
type Handler = (params: JsonObject, invocation: Invocation, host: Host) => Promise<object>;

/** Binds the catalog to SDK v1's low-level server, which serves the sessionful revisions. */
export function createSessionfulServer(catalog: Catalog, host: Host, init: SessionInit): Server {
  const server = new Server(catalog.info, {
    capabilities: catalog.capabilities,
    instructions: catalog.instructions,
    jsonSchemaValidator: new CfWorkerJsonSchemaValidator() // the default one needs eval
  });
  const client = `${init.client.name}/${init.client.version}`;
  // One handler for every method, so that the catalog's own validation and errors are the only ones.
  server.fallbackRequestHandler = async ({ method, params }, extra) => {
    const handler = HANDLERS[method];
    if (!handler) throw new RpcError(RPC_CODES.methodNotFound, `Unknown method: ${cut(method, 100)}`, { reason: "unknown_method" });
    const result = await handler(isJsonObject(params) ? params : {}, toInvocation(extra, client), host);
    return { ...result };
  };
  return server;
}

/** Connects a server to its transport and tells it what the session id says of its client. */
export async function connect(server: Server, switchboard: Switchboard, init: SessionInit): Promise<void> {
  await server.connect(switchboard);
  await new Promise<void>((resolve) => {
    const params = { protocolVersion: init.revision, capabilities: init.capabilities, clientInfo: init.client };
    const replies = { send: () => resolve(), cancel: () => resolve() };
    switchboard.request({ jsonrpc: "2.0", id: "restore", method: "initialize", params }, undefined, replies);
  });
}

const list =
  (method: ListMethod): Handler =>
  async (_, { slice }) =>
    JSON.parse(slice.lists[method]) as object;

const HANDLERS: Readonly<Record<string, Handler>> = {
  "tools/list": list("tools/list"),
  "prompts/list": list("prompts/list"),
  "resources/list": list("resources/list"),
  "resources/templates/list": list("resources/templates/list"),

  async "tools/call"(params, invocation, host) {
    const { name, arguments: args = {} } = params;
    if (typeof name !== "string") throw invalidParams("tools/call needs the name of a tool.");
    if (!isJsonObject(args)) throw invalidParams("The arguments of a tool are an object.");
    return callTool(name, args, invocation, host);
  },

  async "prompts/get"(params, invocation, host) {
    const { name, arguments: args = {} } = params;
    const prompt = typeof name === "string" ? invocation.slice.prompt(name) : undefined;
    if (!prompt) throw invalidParams(`Unknown prompt: ${cut(String(name), 64)}`, "unknown_prompt");
    const input = prompt.input.safeParse(args);
    if (!input.success) throw invalidParams(cut(z.prettifyError(input.error), 1000));
    return guarded(prompt.name, async () => ({
      description: prompt.description,
      messages: await prompt.messages(input.data, host.contextFor(invocation, invocation.signal))
    }));
  },

  async "resources/read"(params, invocation, host) {
    const { uri } = params;
    if (typeof uri !== "string") throw invalidParams("resources/read needs the URI of a resource.");
    const found = invocation.slice.resource(uri);
    if (!found) throw resourceNotFound(uri);
    const { resource, variables } = found;
    return guarded(uri, async () => {
      requireScopes(resource.scopes, invocation);
      const value = await resource.read(variables, host.contextFor(invocation, invocation.signal));
      return { contents: [{ uri, mimeType: resource.mimeType, text: JSON.stringify(value) }] };
    });
  }
};

function toInvocation(extra: Extra, client: string): Invocation {
  const { principal, slice } = scopeOf(extra);
  const progressToken = extra._meta?.progressToken;
  return {
    principal,
    slice,
    era: "sessionful",
    client,
    signal: extra.signal,
    async progress(done, total, message) {
      if (progressToken === undefined) return;
      const params = { progressToken, progress: done, ...(total !== undefined && { total }), ...(message !== undefined && { message }) };
      await extra.sendNotification({ method: "notifications/progress", params });
    }
  };
}

function requireScopes(scopes: readonly Scope[], { principal }: Invocation): void {
  const missing = scopes.filter((scope) => !principal.scopes.includes(scope));
  if (missing.length > 0) throw new Denied(`This needs the scope ${missing.join(" and ")}, which your credentials do not have.`);
}

/** Translates what a prompt or a resource throws; nothing of an unforeseen exception goes to the client. */
async function guarded(what: string, act: () => Promise<object>): Promise<object> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof RpcError) throw error;
    if (error instanceof NotFound) throw resourceNotFound(what, error.message);
    if (error instanceof InvalidInput) throw invalidParams(error.message);
    if (error instanceof ToolError) throw new RpcError(RPC_CODES.internalError, error.message, { reason: "failed" });
    const correlation = crypto.randomUUID();
    console.error(
      JSON.stringify({
        level: "error",
        event: "read_failed",
        correlation,
        what,
        stack: error instanceof Error ? error.stack : String(error)
      })
    );
    throw new RpcError(RPC_CODES.internalError, "This failed unexpectedly.", { reason: "unforeseen", correlation });
  }
}

const invalidParams = (message: string, reason = "invalid_params"): RpcError => new RpcError(RPC_CODES.invalidParams, message, { reason });

const resourceNotFound = (uri: string, message = `Unknown resource: ${cut(uri, 200)}`): RpcError =>
  new RpcError(RPC_CODES.resourceNotFound, message, { reason: "unknown_resource", uri: cut(uri, 200) });
