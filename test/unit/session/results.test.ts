import { describe, expect, it } from "vitest";
import { DEFAULTS } from "../../../src/config.ts";
import { createRandom } from "../random.ts";
import { FROM_START, inHome, type Kept, readAll, remoteResultsOf } from "./stored-results.ts";

const START = { tool: "flood", title: "Rows of a flood", type: "application/x-ndjson" } as const;

async function store({ results }: Pick<Kept, "results">, ...texts: string[]): Promise<string> {
  const writer = await results.begin(START);
  for (const text of texts) await writer.write(text);
  await writer.end();
  return writer.result;
}

describe("a stored result", () => {
  it("is written and read by a session over RPC as by its home", async () => {
    const results = remoteResultsOf("key:remote");
    const writer = await results.begin(START);
    await writer.write("x".repeat(DEFAULTS.results.partBytes + 1));
    await writer.write("\nsecond");
    const record = await writer.end();
    expect(record).toMatchObject({ ...START, state: "complete", sizeBytes: DEFAULTS.results.partBytes + 8, lines: 2 });
    expect(await results.get(writer.result)).toEqual(record);
    expect(await results.list(10)).toEqual([record]);
    const page = await results.read(writer.result, { ...FROM_START, fromLine: 2 });
    expect(page).toEqual({ record, lines: [{ line: 2, text: "second", isCut: false }], nextLine: undefined });
    await results.remove(writer.result);
    await expect(results.get(writer.result)).rejects.toMatchObject({ name: "NotFound", message: expect.stringContaining("list_results") });
  });

  it("read page by page is what was written, whatever its characters and however it was cut into texts", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = createRandom(seed);
      const letters = ["a", "é", "€", "🦔", "\n", "\r\n", '"', "\ufeff", "\u2028"];
      const text = Array.from({ length: Math.floor(random() * 2000) }, () => letters[Math.floor(random() * letters.length)]).join("");
      const units = Array.from({ length: Math.ceil(text.length / 7) }, (_, i) => text.slice(i * 7, i * 7 + 7)); // breaks pairs, too
      const [lines, record] = await inHome(async (kept) => {
        const result = await store(kept, ...units);
        return [await readAll(kept.results, result, { lines: 1 + Math.floor(random() * 20) }), await kept.results.get(result)];
      });
      const expected = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
      if (text === "" || text.endsWith("\n")) expected.pop();
      expect(lines.map((line) => line.text)).toEqual(expected);
      expect(lines.map(({ line }) => line)).toEqual(expected.map((_, i) => i + 1));
      expect([record.lines, record.sizeBytes]).toEqual([expected.length, Buffer.byteLength(text)]);
    }
  });
});
