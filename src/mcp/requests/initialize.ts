import { isJsonObject, type JsonObject } from "../../lib/json.ts";
import type { Catalog } from "../catalog.ts";
import { isSessionfulRevision, SESSIONFUL_REVISIONS } from "../protocol/revisions.ts";
import type { SessionInit } from "../signed/session-id.ts";

/** Reads the params of `initialize` and agrees on a revision; `undefined` for params that are not valid. */
export function readInitialize(params: JsonObject, nowMs: number): SessionInit | undefined {
  const { protocolVersion, capabilities = {}, clientInfo = {} } = params;
  if (typeof protocolVersion !== "string" || !isJsonObject(capabilities) || !isJsonObject(clientInfo)) return undefined;
  const revision = isSessionfulRevision(protocolVersion) ? protocolVersion : SESSIONFUL_REVISIONS[0];
  const client = { name: toText(clientInfo.name), version: toText(clientInfo.version) };
  return { issuedMs: nowMs, revision, capabilities, client };
}

/** What a client says of itself is for showing: anything but text says nothing. */
const toText = (value: unknown): string => (typeof value === "string" ? value : "");

/** The result of `initialize`. */
export function toInitializeResult({ capabilities, info, instructions }: Catalog, { revision }: SessionInit): JsonObject {
  return { protocolVersion: revision, capabilities, serverInfo: info, instructions };
}

/** What is wrong with params that {@link readInitialize} does not take. */
export const INITIALIZE_FAULT = "initialize needs protocolVersion, capabilities and clientInfo.";
