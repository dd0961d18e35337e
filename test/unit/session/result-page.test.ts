import { describe, expect, it } from "vitest";
import type { ShownLine } from "../../../src/mcp/results.ts";
import { FROM_START, inHome, type Kept, SMALL } from "./stored-results.ts";

const START = { tool: "flood", title: "Rows", type: "application/x-ndjson" } as const;

async function store({ results }: Kept, text: string): Promise<string> {
  const writer = await results.begin(START);
  await writer.write(text);
  await writer.end();
  return writer.result;
}

/** The whole of a line, as its pieces are read one after another. */
async function readLine({ results }: Kept, result: string, line: number): Promise<{ text: string; pages: number }> {
  let text = "";
  for (let fromByte: number | undefined = 0, pages = 1; pages < 100; pages++) {
    const page = await results.read(result, { ...FROM_START, fromLine: line, lines: 1, fromByte });
    const shown: ShownLine | undefined = page.lines[0];
    expect(shown?.line).toBe(line);
    text += shown?.isCut ? shown.text.slice(0, -1) : (shown?.text ?? "");
    fromByte = shown?.nextByte;
    if (fromByte === undefined) return { text, pages };
  }
  throw new Error("The line does not end.");
}

describe("a line that is longer than a message", () => {
  const long = Array.from({ length: 500 }, (_, n) => `${n}é€🦔"\\`).join("");

  it.each([
    ["the only one", [long], 1],
    ["the last of some, without an end", ["a", "b", long], 3],
    ["the last of some, with one", ["a", long, ""], 2],
    ["between others", ["a".repeat(SMALL.partBytes - 1), long, "b", long, "c"], 2],
    ["with a carriage return", ["a", `${long}\r`, "b"], 2]
  ])("is read piece by piece, %s", async (_, lines, number) => {
    await inHome(async (kept) => {
      const result = await store(kept, lines.join("\n"));
      const { text, pages } = await readLine(kept, result, number);
      expect(text).toBe(long);
      expect(pages).toBeGreaterThan(10);
    });
  });

  it("is read to its end and not into the next, while the result grows as well", async () => {
    await inHome(async (kept) => {
      const writer = await kept.results.begin(START);
      await writer.write(`${long}\n${"b".repeat(SMALL.partBytes * 2)}`);
      expect((await readLine(kept, writer.result, 1)).text).toBe(long);
      const behind = await kept.results.read(writer.result, { ...FROM_START, fromByte: 1e9 });
      expect(behind.lines).toEqual([{ line: 1, text: "", isCut: false }]);
    });
  });

  it("says nothing of a rest where it shows some fields only", async () => {
    await inHome(async (kept) => {
      const result = await store(kept, JSON.stringify({ text: "x".repeat(900), n: 1 }));
      const { lines } = await kept.results.read(result, { ...FROM_START, fields: ["text"] });
      expect(lines).toEqual([{ line: 1, text: expect.stringMatching(/^\{"text":"x+…$/), isCut: true }]);
    });
  });

  it("is followed by the page that begins behind it", async () => {
    await inHome(async (kept) => {
      const result = await store(kept, `${long}\nb\nc`);
      const { lines, nextLine } = await kept.results.read(result, FROM_START);
      const page = await kept.results.read(result, { ...FROM_START, fromByte: Buffer.byteLength(long) - 1 });
      expect([lines.length, lines[0]?.line, nextLine]).toEqual([1, 1, 2]);
      expect(page.lines.map(({ text }) => text)).toEqual([long.slice(-1), "b", "c"]);
    });
  });
});

describe("the last lines that are looked for", () => {
  const rows = Array.from({ length: 200 }, (_, n) => JSON.stringify({ n, at: `second ${n}` }));

  it("say from where on they were, where what was sought may stand before", async () => {
    await inHome(async (kept) => {
      const result = await store(kept, rows.join("\n"));
      const tail = { ...FROM_START, isTail: true };
      const none = await kept.results.read(result, { ...tail, contains: 'second 3"', lines: 1 });
      expect(none.lines).toEqual([]);
      expect(none.lookedFrom).toBeGreaterThan(100);
      const found = await kept.results.read(result, { ...tail, contains: "second 199", lines: 1 });
      expect([found.lines.length, found.lookedFrom]).toEqual([1, undefined]);
      expect((await kept.results.read(result, { ...tail, lines: 1000 })).lookedFrom).toBeUndefined();
      const short = await store(kept, rows.slice(0, 5).join("\n"));
      expect(await kept.results.read(short, { ...tail, contains: "nothing" })).toMatchObject({ lines: [], nextLine: undefined });
    });
  });
});
