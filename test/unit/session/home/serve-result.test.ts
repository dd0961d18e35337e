import { describe, expect, it } from "vitest";
import type { ResultDownload } from "../../../../src/mcp/doors/home-request.ts";
import { serveResult } from "../../../../src/session/home/serve-result.ts";
import { keyring } from "../../isolation/belongings.ts";
import { inHome, type Kept, SMALL } from "../stored-results.ts";

// What of a download is seen where its parts are read; the rest is in test/wire/results.test.ts and test/unit/edge/result.test.ts.

const PARTS = 40;

const serve = ({ store }: Kept, result: string, asked: Partial<ResultDownload> = {}): Response => {
  const options = { store, keyring: keyring(), own: "0wn00000", limits: SMALL, retentionMs: 1 };
  const nothing = { isHead: false, range: undefined, ifRange: undefined, ifNoneMatch: undefined };
  return serveResult(options, "key:keeper", { result, ...nothing, ...asked });
};

async function storeParts({ results }: Kept, parts: number): Promise<string> {
  const writer = await results.begin({ tool: "t", title: "<script>", type: "text/plain" });
  for (let n = 0; n < parts; n++) await writer.write("é".repeat(SMALL.partBytes / 2));
  await writer.end();
  return writer.result;
}

const readerOf = (response: Response): ReadableStreamDefaultReader<Uint8Array> => {
  if (!response.body) throw new Error("It has no body.");
  return response.body.getReader();
};

/** Long enough for all parts to be read, if nothing holds them back. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 50));

describe("a download", () => {
  it("of nothing is empty, and no range of it is there", async () => {
    await inHome(async (kept) => {
      const result = await storeParts(kept, 0);
      const whole = serve(kept, result);
      expect([whole.status, whole.headers.get("content-length"), await whole.text()]).toEqual([200, "0", ""]);
      for (const range of ["bytes=0-", "bytes=0-0", "bytes=-1"]) {
        const refused = serve(kept, result, { range });
        expect([refused.status, refused.headers.get("content-range")]).toEqual([416, "bytes */0"]);
      }
    });
  });

  it("reads the next part when the one before was taken, and none for a client that has gone", async () => {
    await inHome(async (kept) => {
      const result = await storeParts(kept, PARTS);
      const before = kept.parts();
      const reader = readerOf(serve(kept, result));
      await reader.read();
      await aWhile();
      const read = kept.parts() - before;
      expect(read).toBeLessThan(5);
      await reader.cancel();
      await aWhile();
      expect(kept.parts() - before).toBeLessThanOrEqual(read + 1);
    });
  });

  it("breaks off when the result is deleted meanwhile, so that nobody takes the half for the whole", async () => {
    await inHome(async (kept) => {
      const result = await storeParts(kept, PARTS);
      const reader = readerOf(serve(kept, result));
      await reader.read();
      await kept.results.remove(result);
      const rest = async () => {
        while (!(await reader.read()).done);
      };
      await expect(rest()).rejects.toThrow();
      expect(serve(kept, result).status).toBe(404);
    });
  });

  it("goes on from a byte within a character as from any other", async () => {
    await inHome(async (kept) => {
      const result = await storeParts(kept, 3);
      const last = serve(kept, result, { range: `bytes=${SMALL.partBytes - 1}-` });
      expect(last.status).toBe(206);
      expect((await last.bytes()).length).toBe(2 * SMALL.partBytes + 1);
    });
  });

  it("goes on only with the tag that it was given, which a weak one or a date is not", async () => {
    await inHome(async (kept) => {
      const result = await storeParts(kept, 3);
      const etag = serve(kept, result, { isHead: true }).headers.get("etag") ?? "";
      const statusOf = (ifRange: string) => serve(kept, result, { range: "bytes=0-1", ifRange }).status;
      expect([etag, `W/${etag}`, "Wed, 21 Oct 2026 07:28:00 GMT"].map(statusOf)).toEqual([206, 200, 200]);
    });
  });

  it("has a tag only once its result is whole, and then no other ever", async () => {
    await inHome(async (kept) => {
      const writer = await kept.results.begin({ tool: "t", title: "", type: "text/plain" });
      await writer.write("é".repeat(SMALL.partBytes));
      const growing = serve(kept, writer.result, { ifNoneMatch: `"${writer.result}-${2 * SMALL.partBytes}"` });
      expect([growing.status, growing.headers.get("etag")]).toEqual([200, null]);
      await writer.end();
      const etag = serve(kept, writer.result, { isHead: true }).headers.get("etag");
      expect(etag).toBe(`"${writer.result}-${2 * SMALL.partBytes}"`);
      expect(serve(kept, writer.result, { ifNoneMatch: "*" }).status).toBe(304);
    });
  });
});
