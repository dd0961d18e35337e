import { describe, expect, it } from "vitest";
import { DEFAULTS } from "../../../src/config.ts";
import type { Results } from "../../../src/mcp/results.ts";
import { createRandom } from "../random.ts";
import { remoteResultsOf } from "./remote-results-of.ts";
import { FROM_START, inHome, type Kept, readAll, SMALL } from "./stored-results.ts";

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

describe("a page", () => {
  const rows = Array.from({ length: 200 }, (_, n) => JSON.stringify({ n, kind: n % 2 === 0 ? "even" : "odd", at: { hour: n % 24 } }));

  it("ends where its message is full or as many lines as were asked for are there, and says where the next begins", async () => {
    const [few, full] = await inHome(async (kept) => {
      const result = await store(kept, `${rows.join("\n")}\n`);
      return [await kept.results.read(result, { ...FROM_START, fromLine: 7, lines: 3 }), await kept.results.read(result, FROM_START)];
    });
    expect([few.lines.map(({ line }) => line), few.nextLine]).toEqual([[7, 8, 9], 10]);
    expect(full.nextLine).toBe(full.lines.length + 1);
    expect(JSON.stringify(full.lines).length).toBeLessThan(SMALL.pageBytes * 1.2);
  });

  it("cuts a line that is longer than a message, and goes on behind it without reading it", async () => {
    const [first, second, parts] = await inHome(async (kept) => {
      const result = await store(kept, `${"é".repeat(3000)}\n`, "next");
      const before = kept.parts();
      const shown = await kept.results.read(result, FROM_START);
      return [shown, await kept.results.read(result, { ...FROM_START, fromLine: 2 }), kept.parts() - before] as const;
    });
    expect(first.lines).toMatchObject([{ line: 1, isCut: true, text: expect.stringMatching(/^é{100,400}…$/) }]);
    expect(first.nextLine).toBe(2);
    expect(second.lines).toEqual([{ line: 2, text: "next", isCut: false }]);
    expect(parts).toBeLessThan(20); // of 94
  });

  it("shows the last lines, and the last of those that are looked for", async () => {
    const [last, odd, one] = await inHome(async (kept) => {
      const result = await store(kept, rows.join("\n"));
      const tail = { ...FROM_START, isTail: true };
      return [
        await kept.results.read(result, { ...tail, lines: 2 }),
        await kept.results.read(result, { ...tail, lines: 2, where: { field: "kind", equals: "even" } }),
        await kept.results.read(await store(kept, "x".repeat(2000)), tail)
      ];
    });
    expect(last.lines.map(({ line }) => line)).toEqual([199, 200]);
    expect(odd.lines.map(({ line }) => line)).toEqual([197, 199]);
    expect(one.lines).toMatchObject([{ line: 1, isCut: true }]);
    expect([last, odd, one].map(({ nextLine }) => nextLine)).toEqual([undefined, undefined, undefined]);
  });

  it("looks for text whatever its case, and for a field by its name or by a pointer, and keeps the fields that are wanted", async () => {
    const [text, named, pointed, nothing] = await inHome(async (kept) => {
      const result = await store(kept, `${rows.join("\r\n")}\r\nno JSON`);
      return [
        await readAll(kept.results, result, { contains: '"N":42,' }),
        await readAll(kept.results, result, { where: { field: "n", equals: 42 }, fields: ["kind", "/at/hour", "other"] }),
        await readAll(kept.results, result, { where: { field: "/at", equals: { hour: 23 } } }),
        await readAll(kept.results, result, { where: { field: "kind", equals: null } })
      ];
    });
    expect(text).toEqual([{ line: 43, text: rows[42], isCut: false }]);
    expect(named).toEqual([{ line: 43, text: '{"kind":"even","/at/hour":18}', isCut: false }]);
    expect(pointed?.map(({ line }) => line)).toEqual([24, 48, 72, 96, 120, 144, 168, 192]);
    expect(nothing).toEqual([]);
  });

  it("that looks for something reads so much and no more, and says where to go on", async () => {
    const pages = await inHome(async (kept) => {
      const result = await store(kept, rows.join("\n"));
      const first = await kept.results.read(result, { ...FROM_START, contains: "no such text" });
      return [first, await kept.results.read(result, { ...FROM_START, fromLine: first.nextLine ?? 0, contains: "no such text" })];
    });
    expect(pages.map(({ lines }) => lines)).toEqual([[], []]);
    const [first = 0, second = 0] = pages.map(({ nextLine }) => nextLine);
    expect(first).toBeGreaterThan(20);
    expect(second - first).toBeGreaterThan(20);
    expect(first).toBeLessThan(60);
  });

  it("of nothing is empty, and one behind the end as well", async () => {
    const pages = await inHome(async (kept) => [
      await kept.results.read(await store(kept), FROM_START),
      await kept.results.read(await store(kept, "a\nb\n"), { ...FROM_START, fromLine: 9 })
    ]);
    expect(pages.map(({ lines, nextLine, record }) => [lines, nextLine, record.lines])).toEqual([
      [[], undefined, 0],
      [[], undefined, 2]
    ]);
  });

  it("far behind the end reads nothing, and leaves what comes there later to be read", async () => {
    await inHome(async ({ keeper, results, parts }) => {
      const result = await keeper.open(START);
      for (const fromLine of [2, 100_000]) expect((await results.read(result, { ...FROM_START, fromLine })).lines).toEqual([]);
      await keeper.append(result, 0, new TextEncoder().encode("a\nb\n"));
      await keeper.close(result, "complete");
      const before = parts();
      for (const fromLine of [3, 100_000]) expect((await results.read(result, { ...FROM_START, fromLine })).lines).toEqual([]);
      expect(parts() - before).toBe(0);
      expect((await readAll(results, result)).map(({ text }) => text)).toEqual(["a", "b"]);
    });
  });

  it("of 50 MiB costs no more than twice one of 1 MiB, in rows and in what they hold", { timeout: 30_000 }, async () => {
    const costOf = (mebibytes: number) =>
      inHome(async (kept) => {
        const result = await store(kept, ...Array.from({ length: mebibytes }, () => `${"x".repeat(1023)}\n`.repeat(1024)));
        const before = { rows: kept.rows(), parts: kept.parts() };
        const { lines } = await kept.results.read(result, { fromLine: mebibytes * 1024 - 600, lines: 40, isTail: false });
        return { rows: kept.rows() - before.rows, parts: kept.parts() - before.parts, lines: lines.length };
      }, DEFAULTS.results);
    const [small, large] = [await costOf(1), await costOf(50)];
    expect([small.lines, large.lines]).toEqual([40, 40]);
    expect(large.rows).toBeLessThanOrEqual(2 * small.rows);
    expect(large.parts).toBeLessThanOrEqual(2 * small.parts);
  });
});

describe("the store", () => {
  const part = (text: string) => new TextEncoder().encode(text.padEnd(SMALL.partBytes, "."));

  it("keeps a part once, however often it comes, and none behind a gap or behind the end", async () => {
    const seen = await inHome(async ({ keeper, results }) => {
      const result = await keeper.open(START);
      await keeper.append(result, 0, part("a\n"));
      await keeper.append(result, 0, part("b\n"));
      await expect(keeper.append(result, 2, part("c"))).rejects.toMatchObject({ name: "NotFound" });
      await keeper.append(result, 1, new TextEncoder().encode("end"));
      await expect(keeper.append(result, 2, part("c"))).rejects.toMatchObject({ name: "NotFound" });
      const closed = await keeper.close(result, "complete");
      expect(await keeper.close(result, "cut")).toEqual(closed);
      await expect(keeper.append(result, 2, part("c"))).rejects.toMatchObject({ name: "NotFound" });
      return readAll(results, result);
    });
    expect(seen.map(({ text }) => text)).toEqual(["a", `${".".repeat(SMALL.partBytes - 2)}end`]);
  });

  it("refuses a result that grows too long, and keeps what was written before", async () => {
    const record = await inHome(async ({ results }) => {
      const writer = await results.begin(START);
      await writer.write("x".repeat(SMALL.maxBytes - 10));
      expect([writer.fits(10), writer.fits(11)]).toEqual([true, false]);
      await expect(writer.write("y".repeat(11))).rejects.toMatchObject({ name: "TooLarge" });
      return writer.end("cut");
    });
    expect(record).toMatchObject({ state: "cut", sizeBytes: SMALL.maxBytes - 10, lines: 1 });
  });

  it("refuses more than a principal may have, and says what to delete", async () => {
    await inHome(async (kept) => {
      const { results } = kept;
      const first = await store(kept, "x".repeat(SMALL.maxBytes));
      await store(kept, "x".repeat(SMALL.maxBytes));
      await expect(results.begin(START)).rejects.toMatchObject({
        name: "QuotaReached",
        message: expect.stringContaining(`delete_result; the largest are ${first}`),
        limit: { limit: "result_bytes" }
      });
      await results.remove(first);
      await store(kept, "again");
      for (let n = 0; n < SMALL.maxResults - 2; n++) await store(kept);
      await expect(results.begin(START)).rejects.toMatchObject({ name: "QuotaReached" });
    });
  });

  it("forgets a result when it expires, says of one that nobody writes any more that it was cut, and leaves nothing", async () => {
    await inHome(async (kept) => {
      const { store: rowStore, storage, results } = kept;
      const writer = await results.begin(START);
      await writer.write("a line\nand a h".padEnd(SMALL.partBytes, "x"));
      const nowMs = Date.now();
      rowStore.prune(nowMs, 1000);
      expect(await results.get(writer.result)).toMatchObject({ state: "growing", lines: 1 });
      expect(rowStore.prune(nowMs + 2000, 1000)).toBe(true);
      expect(await results.get(writer.result)).toMatchObject({ state: "cut", lines: 2 });
      await expect(writer.end()).resolves.toMatchObject({ state: "cut" });
      expect(rowStore.prune(nowMs + 31 * 24 * 60 * 60 * 1000, 1000)).toBe(false);
      await expect(results.get(writer.result)).rejects.toMatchObject({ name: "NotFound" });
      expect(storage.sql.exec("SELECT count(*) AS chunks FROM result_chunks").one().chunks).toBe(0);
    });
  });

  it.each([
    ["listed", (results: Results) => results.list(9).then(([first]) => first)],
    ["asked for", (results: Results, result: string) => results.get(result)]
  ])("says of one that nobody has added to for long that it was cut, before any sweep, when it is %s", async (_, look) => {
    await inHome(async ({ results, storage }) => {
      const writer = await results.begin(START);
      await writer.write("a line\nand a h".padEnd(SMALL.partBytes, "x"));
      expect(await look(results, writer.result)).toMatchObject({ state: "growing", lines: 1 });
      storage.sql.exec("UPDATE results SET updated_ms = updated_ms - ?", SMALL.lostMs + 1000);
      expect(await look(results, writer.result)).toMatchObject({ state: "cut", lines: 2 });
    });
  });

  it("never gives the handle of a result to another, though everything was deleted", async () => {
    const [before, after] = await inHome(async (kept) => {
      const { storage, store: rowStore } = kept;
      const first = await store(kept, "a");
      await kept.results.remove(first);
      await new Promise((resolve) => setTimeout(resolve, 20)); // more than a tick
      await storage.deleteAll();
      rowStore.reset();
      return [first, await store({ results: kept.results }, "b")];
    });
    expect(after).not.toBe(before);
  });
});

describe("rows", () => {
  it("are shown where they fit, and stored with the first of them shown where they do not", async () => {
    await inHome(async ({ results }) => {
      const about = { tool: "flood", title: "Rows" };
      expect(await results.fit([{ n: 1 }], about)).toEqual({ shown: [{ n: 1 }], total: 1 });
      const rows = Array.from({ length: 100 }, (_, n) => ({ n, text: "é".repeat(5) }));
      const { shown, total, result = "" } = await results.fit(rows, about);
      expect([shown, total]).toEqual([rows.slice(0, shown.length), 100]);
      expect(shown.length).toBeGreaterThan(3);
      expect((await readAll(results, result)).map(({ text }) => JSON.parse(text))).toEqual(rows);
      await expect(
        results.fit(
          Array.from({ length: 2000 }, () => "much too long"),
          about
        )
      ).rejects.toMatchObject({ name: "TooLarge" });
      expect(await results.list(10)).toHaveLength(1);
    });
  });
});
