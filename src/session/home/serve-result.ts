import { readByteRange } from "../../lib/byte-range.ts";
import type { ResultDownload } from "../../mcp/doors/home-request.ts";
import type { ResultType } from "../../mcp/results.ts";
import { readHandle } from "../../mcp/signed/handle.ts";
import type { ResultRow, ResultStore } from "../../stores/results.ts";
import type { HomeResultsOptions } from "./home-results.ts";

const EXTENSIONS: Readonly<Record<ResultType, string>> = {
  "application/x-ndjson": "ndjson",
  "application/json": "json",
  "text/plain": "txt"
};

/**
 * Answers a download of a result, or of a range of it, part by part: what a client does not take yet is not read yet. One that grows
 * is answered with what is there.
 * Source: https://www.rfc-editor.org/rfc/rfc9110#section-14 and #section-13
 */
export function serveResult({ store, keyring, own, limits }: HomeResultsOptions, principalId: string, asked: ResultDownload): Response {
  const handle = readHandle(keyring, principalId, asked.result);
  const row = handle?.kind === "res" && handle.owner === own ? store.get(handle.seq) : undefined;
  if (!row || row.expiresMs <= Date.now()) return new Response(null, { status: 404 });
  const isWhole = row.state !== "growing";
  const etag = isWhole ? `"${asked.result}-${row.sizeBytes}"` : undefined;
  const headers = new Headers({
    "accept-ranges": "bytes",
    "cache-control": "no-store",
    "content-disposition": `attachment; filename="${asked.result}.${EXTENSIONS[row.type]}"`,
    "content-security-policy": "sandbox; default-src 'none'",
    "content-type": row.type === "application/json" ? row.type : `${row.type}; charset=utf-8`,
    "x-content-type-options": "nosniff",
    ...(etag !== undefined && { etag })
  });
  if (etag !== undefined && matches(asked.ifNoneMatch, etag)) return new Response(null, { status: 304, headers });
  const isCurrent = asked.ifRange === undefined || asked.ifRange === etag;
  const range = asked.isHead || !isCurrent ? undefined : readByteRange(asked.range, row.sizeBytes);
  if (range === "unsatisfiable") {
    headers.set("content-range", `bytes */${row.sizeBytes}`);
    for (const name of ["content-disposition", "content-type"]) headers.delete(name);
    return new Response(null, { status: 416, headers });
  }
  const { start, end } = range ?? { start: 0, end: row.sizeBytes };
  headers.set("content-length", String(end - start));
  if (range) headers.set("content-range", `bytes ${start}-${end - 1}/${isWhole ? row.sizeBytes : "*"}`);
  const body = asked.isHead || start === end ? null : toStream(store, row, { start, end, partBytes: limits.partBytes });
  return new Response(body, { status: range ? 206 : 200, headers });
}

/** A tag of a list, or any; weak comparison, as the header asks for. */
const matches = (header: string | undefined, etag: string): boolean =>
  header?.split(",").some((tag) => ["*", etag, `W/${etag}`].includes(tag.trim())) ?? false;

/** The stream takes a part only once the one before has gone. */
function toStream(store: ResultStore, { seq }: ResultRow, range: { start: number; end: number; partBytes: number }): ReadableStream {
  const { readable, writable } = new FixedLengthStream(range.end - range.start);
  void pump(store, seq, range, writable.getWriter());
  return readable;
}

async function pump(
  store: ResultStore,
  seq: number,
  { start, end, partBytes }: { start: number; end: number; partBytes: number },
  writer: WritableStreamDefaultWriter
): Promise<void> {
  try {
    for (let at = start; at < end; ) {
      const part = Math.floor(at / partBytes);
      const bytes = store.part(seq, part);
      if (!bytes) throw new Error("The result was deleted while it was sent.");
      const piece = bytes.subarray(at - part * partBytes, end - part * partBytes);
      await writer.write(piece);
      at += piece.byteLength;
    }
    await writer.close();
  } catch (error) {
    // The client has gone, or sees that the body ended too early.
    await writer.abort(error).catch(() => {});
  }
}
