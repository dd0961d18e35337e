import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import type { ServerNotification, ServerRequest } from "@modelcontextprotocol/sdk/types.js";
import { CfWorkerJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/cfworker";
import { isJsonObject } from "../lib/json.ts";
import { cut } from "../lib/text.ts";
import type { Catalog } from "../mcp/catalog.ts";
import { LOG_LEVELS } from "../mcp/context.ts";
import type { Conversation } from "../mcp/conversation.ts";
import { RpcError } from "../mcp/errors.ts";
import type { Host, Invocation } from "../mcp/host.ts";
import { RPC_CODES } from "../mcp/json-rpc.ts";
import { invalidParams, METHODS, type Method } from "../mcp/methods.ts";
import type { SessionInit } from "../mcp/session-id.ts";
import { askClient } from "./asking.ts";
import { type Switchboard, scopeOf } from "./switchboard.ts";

/** What {@link createSessionfulServer} binds together. */
export interface SessionfulOptions {
  readonly catalog: Catalog;
  readonly host: Host;
  readonly conversation: Conversation;
  readonly switchboard: Switchboard;
  readonly init: SessionInit;
  /** How long a question may wait for its answer, milliseconds. */
  readonly askMs: number;
}

/** Binds the catalog to SDK v1's low-level server, which serves the sessionful revisions. */
export function createSessionfulServer(options: SessionfulOptions): Server {
  const { catalog, host, conversation } = options;
  const server = new Server(catalog.info, {
    capabilities: catalog.capabilities,
    instructions: catalog.instructions,
    jsonSchemaValidator: new CfWorkerJsonSchemaValidator() // the default one needs eval
  });
  const methods = new Map(Object.entries({ ...METHODS, ...methodsOf(conversation) }));
  // One handler for every method, so that the catalog's own validation and errors are the only ones.
  server.removeRequestHandler("logging/setLevel");
  server.fallbackRequestHandler = async ({ method, params }, extra) => {
    const serve = methods.get(method);
    if (!serve) throw new RpcError(RPC_CODES.methodNotFound, `Unknown method: ${cut(method, 100)}`, { reason: "unknown_method" });
    const result = await serve(isJsonObject(params) ? params : {}, toInvocation(extra, server, options), host);
    return { ...result };
  };
  return server;
}

/** Connects a server to its transport and tells it what the session id says of its client. */
export async function connect(server: Server, { switchboard, init }: SessionfulOptions): Promise<void> {
  await server.connect(switchboard);
  await new Promise<void>((resolve) => {
    const params = { protocolVersion: init.revision, capabilities: init.capabilities, clientInfo: init.client };
    const replies = { send: () => resolve(), cancel: () => resolve(), closeStream: () => {} };
    switchboard.request({ jsonrpc: "2.0", id: "restore", method: "initialize", params }, undefined, replies);
  });
}

/** The methods that only this era has. */
function methodsOf(conversation: Conversation): Readonly<Record<string, Method>> {
  const uriOf = (uri: unknown): string => {
    if (typeof uri !== "string" || uri.length > MAX_URI_LENGTH) throw invalidParams("A subscription needs the URI of a resource.");
    return uri;
  };
  return {
    async "logging/setLevel"({ level }) {
      const known = LOG_LEVELS.find((candidate) => candidate === level);
      if (!known) throw invalidParams(`There is no such level. Use one of ${LOG_LEVELS.join(", ")}.`);
      conversation.setLogLevel(known);
      return {};
    },
    async "resources/subscribe"({ uri }, { slice }) {
      const known = uriOf(uri);
      if (!slice.resource(known)) throw invalidParams("There is no such resource to subscribe to.", "unknown_resource");
      conversation.subscribe(known);
      return {};
    },
    async "resources/unsubscribe"({ uri }) {
      conversation.unsubscribe(uriOf(uri));
      return {};
    }
  };
}

const MAX_URI_LENGTH = 1000;

function toInvocation(
  extra: RequestHandlerExtra<ServerRequest, ServerNotification>,
  server: Server,
  { init, conversation, switchboard, askMs }: SessionfulOptions
): Invocation {
  const { principal, slice } = scopeOf(extra);
  const progressToken = extra._meta?.progressToken;
  return {
    principal,
    slice,
    era: "sessionful",
    client: `${init.client.name}/${init.client.version}`,
    signal: extra.signal,
    async progress(done, total, message) {
      if (progressToken === undefined) return;
      const params = { progressToken, progress: done, ...(total !== undefined && { total }), ...(message !== undefined && { message }) };
      await extra.sendNotification({ method: "notifications/progress", params });
    },
    async log(level, data, logger) {
      if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(conversation.logLevel)) return;
      const params = { level, data, ...(logger !== undefined && { logger }) };
      await extra.sendNotification({ method: "notifications/message", params });
    },
    ask: (asks) => askClient(asks, extra, server.getClientCapabilities() ?? {}, askMs),
    closeStream: () => switchboard.closeStream(extra.requestId)
  };
}
