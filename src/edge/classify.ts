import { isJsonObject } from "../lib/json.ts";
import { isResponse, type Message } from "../mcp/protocol/json-rpc.ts";
import { META } from "../mcp/protocol/meta-keys.ts";
import { isOfStatelessEra } from "../mcp/protocol/revisions.ts";
import { readHeader } from "./read-header.ts";

/**
 * Tells which era a POST belongs to. The body says so where its `_meta` claims a revision, whatever that is; a header says so only
 * of what claims nothing, because a proxy may have dropped it. `initialize` is the sessionful era's own, unless it claims a
 * revision of the other one.
 * Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/versioning
 */
export function eraOf(message: Message | readonly Message[], headers: Headers): "sessionful" | "stateless" {
  const claims = Array.isArray(message) ? message.map(claimOf) : [claimOf(message as Message)];
  const isStateless = isOfStatelessHeader(headers) || claims.some((claim) => claim !== undefined);
  if (!isStateless || !isInitialize(message)) return isStateless ? "stateless" : "sessionful";
  const [claim] = claims;
  return isOfStatelessHeader(headers) || (typeof claim === "string" && isOfStatelessEra(claim)) ? "stateless" : "sessionful";
}

/** Whether the header alone names a revision of the stateless era. */
export function isOfStatelessHeader(headers: Headers): boolean {
  const revision = readHeader(headers, "mcp-protocol-version");
  return revision !== null && isOfStatelessEra(revision);
}

/** The revision that a message claims, of whatever type; `undefined` where it claims none. */
function claimOf(message: Message): unknown {
  if (isResponse(message)) return undefined;
  const meta = message.params?._meta;
  return isJsonObject(meta) ? meta[META.revision] : undefined;
}

const isInitialize = (message: Message | readonly Message[]): boolean => "method" in message && message.method === "initialize";
