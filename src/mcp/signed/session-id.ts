import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Json, JsonObject } from "../../lib/json.ts";
import { isJsonObject } from "../../lib/json.ts";
import { printable } from "../../lib/text.ts";
import type { Keyring } from "./keyring.ts";

/** What a session id says of its session, so that the object can be made again from the id alone. */
export interface SessionInit {
  /** Milliseconds since the epoch, whole seconds. */
  readonly issuedMs: number;
  /** The revision of the protocol that was agreed in `initialize`. */
  readonly revision: string;
  /** The client's capabilities, trimmed to those the server uses. */
  readonly capabilities: JsonObject;
  readonly client: { readonly name: string; readonly version: string };
}

/** Whether the id was minted before the client said who it is, as at the upgrade to a WebSocket. */
export const isNameless = ({ revision }: SessionInit): boolean => revision === "";

/** A session: the name of its object, and what its id says. */
export interface Session {
  readonly name: string;
  readonly init: SessionInit;
}

/** How long a session id is valid. */
export const SESSION_TTL_MS = 30 * 24 * 60 * 60 * 1000;

const MAX_ID_LENGTH = 512;
const SESSION_ID = /^[0-9a-z]{8}\.[\w-]{24,}\.[\w-]{43}$/;
const NAME_BYTES = 16;

/**
 * Mints `<kid>.<payload>.<mac>`, at most 512 visible ASCII characters. The payload is 16 random bytes, of which the object's
 * name is made, and what {@link SessionInit} says; the MAC binds it to the principal.
 * @param name of a session that exists, whose id shall say more than it did; a new one if absent.
 */
export function mintSessionId(keyring: Keyring, principalId: string, init: SessionInit, name?: string): string {
  const { kid, sessionId } = keyring[0];
  const described = JSON.stringify([
    Math.floor(init.issuedMs / 1000),
    init.revision,
    toCapabilityLetters(init.capabilities),
    printable(init.client.name, 40),
    printable(init.client.version, 20)
  ]);
  const payload = Buffer.concat([
    name === undefined ? randomBytes(NAME_BYTES) : Buffer.from(name, "base64url"),
    Buffer.from(described)
  ]).toString("base64url");
  return `${kid}.${payload}.${macOf(sessionId, principalId, `${kid}.${payload}`)}`;
}

/** Reads a session id of this principal. `undefined` for one that is forged, foreign, malformed or expired. */
export function verifySessionId(keyring: Keyring, principalId: string, id: string, nowMs: number): Session | undefined {
  if (id.length > MAX_ID_LENGTH || !SESSION_ID.test(id)) return undefined;
  const kid = id.slice(0, id.indexOf("."));
  const keys = keyring.find((candidate) => candidate.kid === kid);
  if (!keys) return undefined;
  const bodyEnd = id.lastIndexOf(".");
  const expected = macOf(keys.sessionId, principalId, id.slice(0, bodyEnd));
  if (!timingSafeEqual(Buffer.from(expected), Buffer.from(id.slice(bodyEnd + 1)))) return undefined;
  const session = readSessionId(id);
  return isExpired(session, nowMs) ? undefined : session;
}

export const isExpired = ({ init }: Session, nowMs: number): boolean => nowMs >= init.issuedMs + SESSION_TTL_MS;

/** Reads an id without checking it: for the object, which only the edge can reach. */
export function readSessionId(id: string): Session {
  const bytes = Buffer.from(id.slice(id.indexOf(".") + 1, id.lastIndexOf(".")), "base64url");
  const [issued, revision, letters, name, version] = JSON.parse(bytes.subarray(NAME_BYTES).toString()) as [
    number,
    string,
    string,
    string,
    string
  ];
  return {
    name: bytes.subarray(0, NAME_BYTES).toString("base64url"),
    init: { issuedMs: issued * 1000, revision, capabilities: fromCapabilityLetters(letters), client: { name, version } }
  };
}

const macOf = (key: Uint8Array, principalId: string, body: string): string =>
  createHmac("sha256", key).update(`${principalId}\n${body}`).digest("base64url");

/** The client capabilities that change what the server does, a letter each, so that a huge declaration cannot outgrow the id. */
const CAPABILITIES: readonly { letter: string; path: readonly [string, string?] }[] = [
  { letter: "e", path: ["elicitation"] },
  { letter: "f", path: ["elicitation", "form"] },
  { letter: "u", path: ["elicitation", "url"] },
  { letter: "s", path: ["sampling"] },
  { letter: "t", path: ["sampling", "tools"] },
  { letter: "c", path: ["sampling", "context"] },
  { letter: "r", path: ["roots"] }
];

function toCapabilityLetters(capabilities: JsonObject): string {
  const has = ([group, member]: readonly [string, string?]) => {
    const declared: Json | undefined = capabilities[group];
    return isJsonObject(declared) && (member === undefined || isJsonObject(declared[member]));
  };
  return CAPABILITIES.filter(({ path }) => has(path))
    .map(({ letter }) => letter)
    .join("");
}

function fromCapabilityLetters(letters: string): JsonObject {
  const capabilities: Record<string, JsonObject> = {};
  for (const { letter, path } of CAPABILITIES) {
    if (!letters.includes(letter)) continue;
    const [group, member] = path;
    const declared = capabilities[group] ?? {};
    if (member !== undefined) declared[member] = {};
    capabilities[group] = declared;
  }
  return capabilities;
}
