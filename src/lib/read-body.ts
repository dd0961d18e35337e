/** What became of a body: its text, or why there is none. */
export type Body = { text: string } | { fault: "too_large" | "not_utf8" };

/**
 * Reads a body as UTF-8, counting while it reads: a chunked body has no length to believe.
 * A body over the limit is read on and dropped up to `drainBytes`, so that the connection stays usable.
 */
export async function readBody(request: Request, limitBytes: number, drainBytes = 8 * limitBytes): Promise<Body> {
  const declaredBytes = Number(request.headers.get("content-length") ?? 0);
  if (!request.body) return { text: "" };
  if (declaredBytes > 0 && declaredBytes <= SMALL_BYTES && declaredBytes <= limitBytes) return decode(await request.arrayBuffer());

  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    sizeBytes += value.byteLength;
    if (sizeBytes <= limitBytes) chunks.push(value);
    else if (sizeBytes > drainBytes) {
      await reader.cancel();
      return { fault: "too_large" };
    } else chunks.length = 0;
  }
  return sizeBytes > limitBytes ? { fault: "too_large" } : decode(concatenate(chunks, sizeBytes));
}

/** The runtime holds a client to its declared length, so a small declared body needs no counting. */
const SMALL_BYTES = 64 * 1024;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

function decode(bytes: ArrayBuffer | Uint8Array): Body {
  try {
    return { text: decoder.decode(bytes) };
  } catch {
    return { fault: "not_utf8" };
  }
}

function concatenate(chunks: Uint8Array[], sizeBytes: number): Uint8Array {
  const whole = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}
