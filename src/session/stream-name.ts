import { isRequestId, type RequestId } from "../mcp/protocol/json-rpc.ts";

/** An id longer than this, bytes, stays out of the name: names travel in headers, and a socket's tag holds 256 characters. */
const MAX_ID_BYTES = 64;

/**
 * Names a stream, unlike any other of the session, and says in the name which request it answers: should the object be lost,
 * whoever comes back for the rest can still be told so under the id that it waits for.
 */
export function createStreamName(id: RequestId | undefined): string {
  const unique = crypto.randomUUID().slice(0, 13).replace("-", "");
  const written = Buffer.from(id === undefined ? "" : JSON.stringify(id));
  return written.byteLength === 0 || written.byteLength > MAX_ID_BYTES ? unique : `${unique}.${written.toString("base64url")}`;
}

/** The request that a stream answers, as its name says; `undefined` where it does not. */
export function requestIdOf(stream: string): RequestId | undefined {
  const encoded = /^[0-9a-f]{12}\.([\w-]+)$/.exec(stream)?.[1];
  if (encoded === undefined) return undefined;
  try {
    const id: unknown = JSON.parse(Buffer.from(encoded, "base64url").toString());
    return isRequestId(id) ? id : undefined;
  } catch {
    return undefined;
  }
}
