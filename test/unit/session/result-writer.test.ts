import { describe, expect, it } from "vitest";
import type { HomeDoor } from "../../../src/mcp/doors/home-door.ts";
import { NotFound, QuotaReached } from "../../../src/mcp/errors.ts";
import type { ResultKeeper } from "../../../src/mcp/results.ts";
import { createRemoteResults } from "../../../src/session/remote-results.ts";
import { createResults } from "../../../src/session/results.ts";
import { FROM_START, inHome, readAll, SMALL } from "./stored-results.ts";

const START = { tool: "flood", title: "Rows", type: "text/plain" } as const;
const line = (letter: string) => `${letter.repeat(SMALL.partBytes - 1)}\n`;

/** The same keeper, which fails at some parts. */
const failingAt = (keeper: ResultKeeper, fails: (part: number) => Error | undefined): ResultKeeper => ({
  ...keeper,
  async append(result, part, bytes) {
    const error = fails(part);
    if (error) throw error;
    await keeper.append(result, part, bytes);
  }
});

/** A home each of whose answers to one question is lost the first time, though it did what it was asked. */
function forgetful(keeper: ResultKeeper): HomeDoor {
  const asked = new Set<string>();
  const askResults: HomeDoor["askResults"] = async (_asker, method, [first, second, third]) => {
    const value = await (keeper[method] as (...args: unknown[]) => Promise<unknown>)(first, second, third);
    const question = `${method} ${method === "append" ? second : ""}`;
    if (method !== "open" && !asked.has(question)) {
      asked.add(question);
      throw new Error("The home was lost.");
    }
    return { value };
  };
  return { askResults } as Partial<HomeDoor> as HomeDoor; // no other question is asked here
}

describe("a writer", () => {
  it("writes nothing behind a part that could not be stored, and ends with what stands before it", async () => {
    await inHome(async ({ keeper, results }) => {
      let fullFor = 1;
      const full = new QuotaReached("Full.", { limit: "result_bytes" });
      const writer = await createResults(
        failingAt(keeper, (part) => (part === 1 && fullFor-- > 0 ? full : undefined)),
        SMALL
      ).begin(START);
      await writer.write(line("a"));
      // The third is asked for before anybody knows that the second has failed, and the fourth when there is room again.
      const written = await Promise.allSettled([writer.write(`${line("b")}b`), writer.write(line("c"))]);
      expect(written).toEqual([1, 2].map(() => ({ status: "rejected", reason: full })));
      await expect(writer.write(line("d"))).rejects.toBe(full);
      await expect(writer.end()).rejects.toBe(full);
      expect(await writer.end("cut")).toMatchObject({ state: "cut", sizeBytes: SMALL.partBytes, lines: 1 });
      expect((await readAll(results, writer.result)).map(({ text }) => `${text}\n`)).toEqual([line("a")]);
    });
  });

  it("stores each part once though every answer of its home is lost the first time", async () => {
    await inHome(async ({ keeper, results, store }) => {
      const door = forgetful(keeper);
      const remote = createRemoteResults(() => door, { principalId: "key:keeper", session: "a session" });
      const writer = await createResults(remote, SMALL).begin(START);
      await writer.write(`${line("a")}${line("b")}the end`);
      expect(await writer.end()).toMatchObject({ state: "complete", sizeBytes: 2 * SMALL.partBytes + 7, lines: 3 });
      expect(store.used().bytes).toBe(2 * SMALL.partBytes + 7);
      expect((await readAll(results, writer.result)).map(({ text }) => text)).toEqual([
        ...["a", "b"].map((l) => line(l).trim()),
        "the end"
      ]);
    });
  });

  it("of two that share what room is left has all of its own or is told, and never more than the quota is taken", async () => {
    await inHome(async ({ results, store }) => {
      const filler = await results.begin(START);
      await filler.write("x".repeat(SMALL.maxBytes));
      await filler.end();
      const writers = [await results.begin(START), await results.begin(START)];
      const ends = await Promise.allSettled(
        writers.map(async (writer) => {
          for (let n = 0; n < 200; n++) await writer.write(line("y"));
          return writer.end();
        })
      );
      expect(ends.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
      expect(store.used().bytes).toBe(SMALL.quotaBytes);
      await results.remove(filler.result);
      expect(store.used()).toEqual({ bytes: SMALL.quotaBytes - SMALL.maxBytes, results: 2 });
    });
  });

  it("that is told what to delete is not told to delete what it writes, which is gone by then", async () => {
    await inHome(async ({ results }) => {
      const kept: string[] = [];
      for (const part of [0.5, 0.75]) {
        const filler = await results.begin(START);
        await filler.write("x".repeat(part * SMALL.maxBytes));
        await filler.end();
        kept.unshift(filler.result);
      }
      const rows = Array.from({ length: SMALL.maxBytes / 16 }, () => "too much now");
      const refused: unknown = await results.fit(rows, { tool: "t", title: "" }).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(QuotaReached);
      expect(String(refused).match(/res_\w+/g)).toEqual(kept);
      expect((await results.list(10)).map(({ result }) => result)).toEqual(kept);
    });
  });

  it("whose result was deleted meanwhile is told so, and nothing of it comes back", async () => {
    await inHome(async ({ results, store, storage }) => {
      const writer = await results.begin(START);
      await writer.write(line("a"));
      await results.remove(writer.result);
      await expect(writer.write(line("b"))).rejects.toBeInstanceOf(NotFound);
      await expect(writer.end("cut")).rejects.toBeInstanceOf(NotFound);
      expect(store.used()).toEqual({ bytes: 0, results: 0 });
      expect(storage.sql.exec("SELECT count(*) AS parts FROM result_chunks").one().parts).toBe(0);
    });
  });

  it("takes nothing once it was ended", async () => {
    await inHome(async ({ results }) => {
      const writer = await results.begin(START);
      await writer.write("a");
      const ended = await writer.end();
      await expect(writer.write("b")).rejects.toThrow("was ended");
      expect(await writer.end()).toEqual(ended);
    });
  });

  it("of no text at all makes a result of no bytes and no lines", async () => {
    await inHome(async ({ results }) => {
      const writer = await results.begin(START);
      await writer.write("");
      expect(await writer.end()).toMatchObject({ state: "complete", sizeBytes: 0, lines: 0 });
      for (const query of [{}, { isTail: true }, { contains: "a" }, { isTail: true, contains: "a" }])
        expect(await results.read(writer.result, { ...FROM_START, ...query })).toMatchObject({ lines: [], nextLine: undefined });
    });
  });
});

describe("rows that cannot be stored", () => {
  it("fail for the reason why, also where the half of them cannot be deleted", async () => {
    await inHome(async ({ keeper }) => {
      const full = new QuotaReached("Full.", { limit: "result_bytes" });
      const results = createResults(
        { ...failingAt(keeper, () => full), remove: () => Promise.reject(new Error("The home is away.")) },
        SMALL
      );
      await expect(
        results.fit(
          Array.from({ length: 200 }, () => "much"),
          { tool: "t", title: "" }
        )
      ).rejects.toBe(full);
    });
  });

  it("are told to be too many without a word of what is left of them, because nothing is", async () => {
    await inHome(async ({ results }) => {
      const rows = Array.from({ length: SMALL.maxBytes / 8 }, () => "too many");
      await expect(results.fit(rows, { tool: "t", title: "" })).rejects.toThrow(/and this is longer\.$/);
      expect(await results.list(1)).toEqual([]);
    });
  });
});
