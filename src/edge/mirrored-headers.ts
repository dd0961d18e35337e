import { isJsonObject, type Json, type JsonObject } from "../lib/json.ts";
import type { CatalogSlice } from "../mcp/catalog.ts";
import type { Request as RpcRequest } from "../mcp/protocol/json-rpc.ts";
import type { ParamHeader } from "../mcp/protocol/param-headers.ts";
import { readHeader } from "./read-header.ts";

/**
 * Says which header does not mirror the body, where one does not: whatever stands between the client and the server may have
 * decided by the headers, so both must say the same.
 * Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#server-validation
 */
export function faultOfMirrors({ method, params = {} }: RpcRequest, headers: Headers): string | undefined {
  if (!headers.has("mcp-method")) return "Mcp-Method is missing."; // a wrong one was refused before
  const source = NAME_SOURCES.get(method);
  if (source === undefined) return undefined;
  const { [source]: mirrored } = params;
  const name = readHeader(headers, "mcp-name");
  if (name === null) return typeof mirrored === "string" ? "Mcp-Name is missing." : undefined;
  const decoded = decode(name);
  if (decoded === undefined) return "Mcp-Name is not encoded as it should be.";
  return typeof mirrored === "string" && decoded !== mirrored ? "Mcp-Name and the body differ." : undefined;
}

/** The same for the parameters that the tool of a `tools/call` mirrors. */
export function faultOfParamMirrors({ params = {} }: RpcRequest, headers: Headers, slice: CatalogSlice): string | undefined {
  const declared = typeof params.name === "string" ? slice.tool(params.name)?.paramHeaders : undefined;
  for (const param of declared ?? []) {
    const fault = faultOfParam(param, params.arguments, readHeader(headers, param.header));
    if (fault !== undefined) return `${param.header} ${fault}`;
  }
  return undefined;
}

/** What `Mcp-Name` mirrors. */
const NAME_SOURCES: ReadonlyMap<string, "name" | "uri"> = new Map([
  ["tools/call", "name"],
  ["prompts/get", "name"],
  ["resources/read", "uri"]
]);

function faultOfParam({ path, isInteger }: ParamHeader, args: Json | undefined, header: string | null): string | undefined {
  const value = valueAt(path, args);
  const written = toWritten(value);
  if (written === undefined) return undefined; // there is nothing to mirror, or the schema refuses it
  if (header === null) return "is missing.";
  const decoded = decode(header);
  if (decoded === undefined) return "is not encoded as it should be.";
  const isSame = isInteger && typeof value === "number" && DECIMAL.test(decoded) ? Number(decoded) === value : decoded === written;
  return isSame ? undefined : "and the body differ.";
}

const DECIMAL = /^-?\d+(\.\d+)?$/;

function valueAt(path: readonly string[], args: Json | undefined): Json | undefined {
  let value = args;
  for (const name of path) value = isJsonObject(value) && Object.hasOwn(value, name) ? (value as JsonObject)[name] : undefined;
  return value;
}

function toWritten(value: Json | undefined): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  if (typeof value !== "number" || (Number.isInteger(value) && !Number.isSafeInteger(value))) return undefined;
  return String(value);
}

const ENCODED = /^=\?base64\?(.*)\?=$/s;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads a header whose value may be encoded; `undefined` where it is encoded wrongly. */
function decode(header: string): string | undefined {
  const [, encoded] = ENCODED.exec(header) ?? [];
  if (encoded === undefined) return header;
  if (!BASE64.test(encoded)) return undefined;
  try {
    return decoder.decode(Buffer.from(encoded, "base64"));
  } catch {
    return undefined;
  }
}
