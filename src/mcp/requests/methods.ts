import { isJsonObject, type JsonObject } from "../../lib/json.ts";
import { cut } from "../../lib/text.ts";
import { InputRequired } from "../ask.ts";
import { runBounded } from "../calls/bounded.ts";
import { callTool } from "../calls/call-tool.ts";
import { toCapabilityError } from "../calls/capabilities.ts";
import type { Host, Invocation } from "../calls/host.ts";
import { showStack, showText } from "../calls/redact.ts";
import type { ListMethod } from "../catalog.ts";
import type { Context } from "../context.ts";
import type { ResourceBody } from "../define-resource.ts";
import { Denied, InvalidInput, NotFound, RpcError, ToolError } from "../errors.ts";
import { namesOfFaults } from "../faults.ts";
import type { Scope } from "../principal.ts";
import { RPC_CODES } from "../protocol/json-rpc.ts";

/** Serves one method of the protocol. Throws RpcError, and nothing of an exception that was not foreseen. */
export type Method = (params: JsonObject, invocation: Invocation, host: Host) => Promise<object>;

/** The methods that act on the catalog: the same in both eras, and free of any SDK. */
export const METHODS: Readonly<Record<string, Method>> = {
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
    if (typeof name !== "string") throw invalidParams("prompts/get needs the name of a prompt.");
    const prompt = invocation.slice.prompt(name);
    if (!prompt) throw invalidParams(`Unknown prompt: ${cut(name, 64)}`, "unknown_prompt");
    const input = prompt.input.safeParse(args);
    if (!input.success) throw invalidParams(`The arguments of ${prompt.name} are not valid. ${namesOfFaults(input.error)}`);
    return guarded(prompt.name, invocation, host, async (ctx) => ({
      description: prompt.description,
      messages: await prompt.messages(input.data, ctx)
    }));
  },

  async "resources/read"(params, invocation, host) {
    const { uri } = params;
    if (typeof uri !== "string") throw invalidParams("resources/read needs the URI of a resource.");
    const found = invocation.slice.resource(uri);
    if (!found) throw resourceNotFound(uri);
    const { resource, variables } = found;
    return guarded(uri, invocation, host, async (ctx) => {
      requireScopes(resource.scopes, invocation);
      const body = await resource.read(variables, ctx);
      return { contents: [{ uri, mimeType: resource.mimeType, ...toContents(body) }] };
    });
  },

  async "completion/complete"(params, invocation, host) {
    const { ref, argument, context } = params;
    if (!isJsonObject(ref) || !isJsonObject(argument)) throw invalidParams("completion/complete needs a reference and an argument.");
    const { name, value } = argument;
    if (typeof name !== "string" || typeof value !== "string") throw invalidParams("The argument to complete needs a name and a value.");
    const complete = completerOf(ref, invocation);
    const known = isJsonObject(context) && isJsonObject(context.arguments) ? context.arguments : {};
    return guarded(name, invocation, host, async (ctx) => {
      const found = (await complete?.(name, value, onlyText(known), ctx)) ?? [];
      return { completion: { values: found.slice(0, MAX_COMPLETIONS), total: found.length, hasMore: found.length > MAX_COMPLETIONS } };
    });
  }
};

/** https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/completion#completion-results */
const MAX_COMPLETIONS = 100;

function list(method: ListMethod): Method {
  return async (params, { slice }) => {
    const page = slice.list(method, params.cursor);
    if (page === undefined) throw invalidParams("The cursor is not one that a list returned.", "unknown_cursor");
    return JSON.parse(page) as object;
  };
}

function toContents(body: ResourceBody): { text: string } | { blob: string } {
  if (typeof body === "string") return { text: body };
  return body instanceof Uint8Array ? { blob: Buffer.from(body).toString("base64") } : { text: JSON.stringify(body) };
}

function completerOf(ref: JsonObject, { slice }: Invocation) {
  if (ref.type === "ref/prompt" && typeof ref.name === "string") {
    const prompt = slice.prompt(ref.name);
    if (prompt) return prompt.complete;
  } else if (ref.type === "ref/resource" && typeof ref.uri === "string") {
    const template = slice.template(ref.uri);
    if (template) return template.complete;
  }
  throw invalidParams("There is no such prompt or resource template to complete.", "unknown_reference");
}

function onlyText(values: JsonObject): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

function requireScopes(scopes: readonly Scope[], { principal }: Invocation): void {
  const missing = scopes.filter((scope) => !principal.scopes.includes(scope));
  if (missing.length > 0) throw new Denied(`This needs the scope ${missing.join(" and ")}, which your credentials do not have.`);
}

/** Runs a prompt, a resource or a completion within a call's bounds; nothing of an unforeseen exception goes to the client. */
async function guarded(what: string, invocation: Invocation, host: Host, run: (ctx: Context) => Promise<object>): Promise<object> {
  try {
    return await runBounded({ name: cut(what, 200), limitMs: host.limits.callMs, isRead: true, run }, invocation, host);
  } catch (error) {
    if (error instanceof RpcError || error instanceof InputRequired) throw error;
    const refusal = toCapabilityError(error, invocation);
    if (refusal) throw refusal;
    if (error instanceof NotFound) throw resourceNotFound(what, error.message);
    if (error instanceof InvalidInput) throw invalidParams(error.message);
    if (error instanceof ToolError) throw new RpcError(RPC_CODES.internalError, error.message, { reason: "failed" });
    const correlation = crypto.randomUUID();
    console.error(
      JSON.stringify({ level: "error", event: "read_failed", correlation, what: showText(what, 200), stack: showStack(error) })
    );
    throw new RpcError(RPC_CODES.internalError, "This failed unexpectedly.", { reason: "unforeseen", correlation });
  }
}

/** Refuses the params of a method. */
export const invalidParams = (message: string, reason = "invalid_params"): RpcError =>
  new RpcError(RPC_CODES.invalidParams, message, { reason });

const resourceNotFound = (uri: string, message = `Unknown resource: ${cut(uri, 200)}`): RpcError =>
  new RpcError(RPC_CODES.resourceNotFound, message, { reason: "unknown_resource", uri: cut(uri, 200) });
