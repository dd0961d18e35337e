import { isJsonObject, type JsonObject } from "../../lib/json.ts";
import { rememberLast } from "../../lib/remember.ts";
import { printable } from "../../lib/text.ts";
import { LOG_LEVELS, type LogLevel } from "../context.ts";
import { META } from "../protocol/meta-keys.ts";

/** The `_meta` of params; `undefined` where there is none. */
export function metaOf(params: JsonObject | undefined): JsonObject | undefined {
  return isJsonObject(params?._meta) ? params._meta : undefined;
}

/**
 * Says what is wrong with the envelope of a stateless request, the key that is at fault first; `undefined` where it is whole.
 * Source: https://modelcontextprotocol.io/specification/2026-07-28/basic#_meta
 */
export function faultOfEnvelope(meta: JsonObject): string | undefined {
  const { [META.client]: client, [META.logLevel]: logLevel, progressToken } = meta;
  if (typeof meta[META.revision] !== "string") return `${META.revision} is required, and text`;
  if (!isJsonObject(meta[META.capabilities])) return `${META.capabilities} is required, and an object`;
  if (client !== undefined && !isImplementation(client)) return `${META.client} needs a name and a version`;
  if (logLevel !== undefined && !isLogLevel(logLevel)) return `${META.logLevel} is one of ${LOG_LEVELS.join(", ")}`;
  const isToken = typeof progressToken === "string" || typeof progressToken === "number";
  return progressToken === undefined || isToken ? undefined : "progressToken is text or a number";
}

/** What an envelope without fault says. */
export interface Envelope {
  /** `name/version`, for showing; `unknown` for a client that does not say. */
  readonly client: string;
  readonly capabilities: JsonObject;
  /** The least severe level that the request's log wants; it wants none where this is absent. */
  readonly logLevel: LogLevel | undefined;
  readonly progressToken: string | number | undefined;
}

/** Reads an envelope that {@link faultOfEnvelope} found to be whole. */
export function readEnvelope(meta: JsonObject): Envelope {
  const { [META.client]: client, [META.capabilities]: capabilities, [META.logLevel]: logLevel, progressToken } = meta;
  return {
    client: isImplementation(client) ? toClient(JSON.stringify([client.name, client.version])) : "unknown",
    capabilities: isJsonObject(capabilities) ? capabilities : {},
    logLevel: isLogLevel(logLevel) ? logLevel : undefined,
    progressToken: typeof progressToken === "string" || typeof progressToken === "number" ? progressToken : undefined
  };
}

// The lengths are those that a session id keeps.
const toClient = rememberLast((said: string): string => {
  const [name, version] = JSON.parse(said) as [string, string];
  return `${printable(name, 40)}/${printable(version, 20)}`;
});

function isImplementation(value: unknown): value is { name: string; version: string } {
  return isJsonObject(value) && typeof value.name === "string" && typeof value.version === "string";
}

const isLogLevel = (value: unknown): value is LogLevel => (LOG_LEVELS as readonly unknown[]).includes(value);
