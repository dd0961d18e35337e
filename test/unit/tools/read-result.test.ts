import { expect, it } from "vitest";
import { textOf, toFittingResult } from "../../../src/mcp/calls/tool-result.ts";
import type { Context } from "../../../src/mcp/context.ts";
import { InvalidInput } from "../../../src/mcp/errors.ts";
import type { Results } from "../../../src/mcp/results.ts";
import { resultResource } from "../../../src/resources/result.ts";
import { readResult } from "../../../src/tools/results/read-result.ts";
import { inHome, SMALL } from "../session/stored-results.ts";

async function storeLong(results: Results): Promise<string> {
  const writer = await results.begin({ tool: "t", title: "", type: "text/plain" });
  await writer.write("x".repeat(2 * SMALL.pageBytes));
  await writer.end();
  return writer.result;
}

const read = async (results: Results, args: object) =>
  readResult.run(readResult.input.parse(args), { results } as Partial<Context> as Context); // all that it uses

it("reads on in a line that was cut where the page before says", async () => {
  await inHome(async ({ results }) => {
    const result = await storeLong(results);
    let length = 0;
    for (let fromByte: number | undefined = 0, pages = 0; fromByte !== undefined && pages < 10; pages++) {
      const page = (await read(results, { result, fromByte })) as { lines: { text: string; nextByte?: number }[] };
      length += page.lines[0]?.text.replace("…", "").length ?? 0;
      fromByte = page.lines[0]?.nextByte;
    }
    expect(length).toBe(2 * SMALL.pageBytes);
  });
});

it.each([{ tail: true }, { contains: "x" }, { fields: ["x"] }, { where: { field: "x", equals: 1 } }])(
  "refuses to read on in a line together with %o",
  async (more) => {
    await inHome(async ({ results }) => {
      await expect(read(results, { result: await storeLong(results), fromByte: 1, ...more })).rejects.toBeInstanceOf(InvalidInput);
    });
  }
);

it("says as a resource where a line goes on that it cuts", async () => {
  await inHome(async ({ results }) => {
    const result = await storeLong(results);
    const shown = await resultResource.read({ result }, { results } as Partial<Context> as Context); // likewise
    expect(shown).toMatchObject({ goOn: expect.stringMatching(/^read_result reads on with fromLine 1 and fromByte \d+\.$/) });
  });
});

it("says in its text that it cuts a line of some fields, and shows each line as one", async () => {
  await inHome(async ({ results }) => {
    const writer = await results.begin({ tool: "t", title: "", type: "application/x-ndjson" });
    await writer.write(`${JSON.stringify({ long: "x".repeat(SMALL.pageBytes) })}\na\r2: b\u2028\u2029\u0085\f\v3: c\n`);
    await writer.end();
    const textFor = async (args: object) => {
      const { result } = toFittingResult(readResult, await read(results, { result: writer.result, ...args }), SMALL.pageBytes * 2);
      return textOf(result);
    };
    expect(await textFor({ fields: ["long"], lines: 1 })).toMatch(/ Line 1 is cut: ask for fewer fields\. Go on with fromLine 2\.\n/);
    expect(await textFor({ fromLine: 2 })).toMatch(/\n2: a\\r2: b\\n\\n\\n\\f\\u000b3: c$/);
  });
});
