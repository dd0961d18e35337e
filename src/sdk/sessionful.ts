import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { CfWorkerJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/cfworker";
import { isJsonObject, type JsonObject } from "../lib/json.ts";
import { cut } from "../lib/text.ts";
import type { Host, Invocation } from "../mcp/calls/host.ts";
import type { Catalog } from "../mcp/catalog.ts";
import { LOG_LEVELS } from "../mcp/context.ts";
import type { Conversation } from "../mcp/conversation.ts";
import { InvalidInput, RpcError } from "../mcp/errors.ts";
import { RPC_CODES } from "../mcp/protocol/json-rpc.ts";
import { hasResourceLinks } from "../mcp/protocol/revisions.ts";
import { invalidParams, METHODS, type Method } from "../mcp/requests/methods.ts";
import type { SessionInit } from "../mcp/signed/session-id.ts";
import { askClient } from "./asking.ts";
import type { PendingRequest } from "./pending-request.ts";
import type { RequestScope, Serve, Switchboard } from "./switchboard.ts";

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

/** The session's two sides: how requests of the client are served, and the SDK's server, which asks the client. */
export interface SessionfulServer {
  readonly server: Server;
  readonly serve: Serve;
}

/** Binds the catalog to SDK v1's low-level server, connected and told what the session id says of the client. */
export async function createSessionfulServer(options: SessionfulOptions): Promise<SessionfulServer> {
  const { catalog, host, conversation, switchboard, init } = options;
  const server = new Server(catalog.info, {
    capabilities: catalog.capabilities,
    instructions: catalog.instructions,
    jsonSchemaValidator: new CfWorkerJsonSchemaValidator() // the default one needs eval
  });
  await server.connect(switchboard);
  await switchboard.introduce(init);
  const methods = new Map(Object.entries({ ...METHODS, ...methodsOf(conversation) }));
  return {
    server,
    async serve({ method, params: given }, pending, scope) {
      const serveMethod = methods.get(method);
      if (!serveMethod) throw new RpcError(RPC_CODES.methodNotFound, `Unknown method: ${cut(method, 100)}`, { reason: "unknown_method" });
      const result = await serveMethod(given ?? {}, toInvocation(given, pending, scope, server, options), host);
      return hasResourceLinks(init.revision) ? result : withoutLinks(result);
    }
  };
}

/** An answer as clients read it that know no links, and refuse a block that they do not know. */
function withoutLinks(result: object): object {
  if (!("content" in result) || !Array.isArray(result.content)) return result;
  return { ...result, content: result.content.filter((block) => !isJsonObject(block) || block.type !== "resource_link") };
}

/** The methods that only this era has. */
function methodsOf(conversation: Conversation): Readonly<Record<string, Method>> {
  const uriOf = (uri: unknown): string => {
    if (typeof uri !== "string" || uri.length > MAX_URI_LENGTH) throw invalidParams("A subscription needs the URI of a resource.");
    return uri;
  };
  return {
    ping: async () => ({}),
    async "logging/setLevel"({ level }) {
      const known = LOG_LEVELS.find((candidate) => candidate === level);
      if (!known) throw invalidParams(`There is no such level. Use one of ${LOG_LEVELS.join(", ")}.`);
      conversation.setLogLevel(known);
      return {};
    },
    async "resources/subscribe"({ uri }, { slice }) {
      const known = uriOf(uri);
      if (!slice.resource(known)) throw invalidParams("There is no such resource to subscribe to.", "unknown_resource");
      try {
        conversation.subscribe(known);
      } catch (error) {
        if (error instanceof InvalidInput) throw invalidParams(error.message, "too_many_subscriptions");
        throw error;
      }
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
  params: JsonObject | undefined,
  pending: PendingRequest,
  { principal, credentials, slice }: RequestScope,
  server: Server,
  { init, conversation, askMs }: SessionfulOptions
): Invocation {
  const meta = isJsonObject(params?._meta) ? params._meta : {};
  const { progressToken } = meta;
  return {
    principal,
    credentials,
    slice,
    era: "sessionful",
    client: `${init.client.name}/${init.client.version}`,
    meta,
    get signal() {
      return pending.signal;
    },
    onCancel: (listener) => pending.onCancel(listener),
    async progress(progress, total, message) {
      if (progressToken !== undefined) pending.notify("notifications/progress", { progressToken, progress, total, message });
    },
    async log(level, data, logger) {
      if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(conversation.logLevel)) return;
      pending.notify("notifications/message", { level, data, logger });
    },
    ask: (asks, signal = pending.signal) => askClient(asks, server, pending, { timeoutMs: askMs, signal }),
    closeStream: () => pending.closeStream(),
    get isLeft() {
      return pending.isLeft;
    }
  };
}
