import { expect, it, vi } from "vitest";
import { z } from "zod";
import { inlineBytesOf } from "../../../../src/mcp/calls/inline-limits.ts";
import { toResultOrKeep } from "../../../../src/mcp/calls/keep-whole.ts";
import { content, image, text } from "../../../../src/mcp/content.ts";
import { additive, defineTool, readOnly } from "../../../../src/mcp/define-tool.ts";
import { KeptWhole, OutcomeUnknown, QuotaReached, TooLarge } from "../../../../src/mcp/errors.ts";
import { inHome, readAll, SMALL } from "../../session/stored-results.ts";

const face = { title: "A test", description: "Answers.", toolset: "test", scopes: [], input: z.strictObject({}) } as const;
const output = z.object({ text: z.string(), result: z.string().optional() });
const structured = { ...face, output, run: async () => ({ text: "" }), render: () => "rendered" } as const;
const reads = defineTool({ ...structured, name: "read_it", annotations: readOnly });
const writes = defineTool({ ...structured, name: "write_it", annotations: additive });
const draws = defineTool({ ...face, name: "draw_it", annotations: readOnly, run: async () => content() });

const LIMIT = 500;
const LONG = { text: "long\n".repeat(200) };

it("keeps an answer that is too large as JSON over many lines, or as the text that it is", async () => {
  await inHome(async ({ results }) => {
    const keep = async (...args: [typeof reads, object]) => {
      const kept = await toResultOrKeep(...args, LIMIT, () => results).catch((error: unknown) => error);
      if (!(kept instanceof KeptWhole)) throw kept;
      return { kept, record: await results.get(kept.result), lines: await readAll(results, kept.result) };
    };
    const { kept, record, lines } = await keep(reads, LONG);
    expect(kept).toMatchObject({ outcome: "error", message: expect.stringMatching(/^The answer takes 2 KiB, .* as res_\w+: read_result/) });
    expect(record).toMatchObject({ tool: "read_it", type: "application/json", state: "complete" });
    expect(lines.map(({ line }) => line)).toEqual([1, 2, 3]);
    expect((await keep(writes, LONG)).kept).toMatchObject({ outcome: "ok", message: expect.stringContaining("write_it went through.") });
    expect((await keep(draws, content(text(LONG.text)))).record).toMatchObject({ type: "text/plain", lines: 200 });
    expect((await keep(draws, content(image("a".repeat(1000), "image/png")))).record).toMatchObject({ type: "application/json" });
  });
});

it("says what to delete where there is no room, and of a write that it went through all the same", async () => {
  await inHome(async ({ results }) => {
    for (let n = 0; n < SMALL.maxResults; n++) await (await results.begin({ tool: "t", title: "", type: "text/plain" })).end();
    const refused = (tool: typeof reads) => toResultOrKeep(tool, LONG, LIMIT, () => results).catch((error: unknown) => error);
    expect(await refused(reads)).toBeInstanceOf(QuotaReached);
    expect(await refused(reads)).toMatchObject({ message: expect.stringMatching(/takes 2 KiB.* could not be kept.*delete_result/) });
    expect(await refused(writes)).toBeInstanceOf(OutcomeUnknown);
    expect(await refused(writes)).toMatchObject({ message: expect.stringMatching(/^write_it went through.*delete_result/) });
  });
});

it("leaves nothing of an answer that is longer than a result may be", async () => {
  await inHome(async ({ results }) => {
    await expect(toResultOrKeep(reads, { text: "x".repeat(SMALL.maxBytes) }, LIMIT, () => results)).rejects.toBeInstanceOf(TooLarge);
    expect(await results.list(1)).toEqual([]);
  });
});

it("refuses as before where nobody foresaw why it cannot be kept", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  const fails = () => {
    throw new Error("down");
  };
  await expect(toResultOrKeep(reads, LONG, LIMIT, fails)).rejects.toMatchObject({ message: expect.stringContaining("Ask for less.") });
  expect(log).toHaveBeenCalledOnce();
  log.mockRestore();
});

it("links an answer to the result that it names", async () => {
  const { result, stored } = await toResultOrKeep(reads, { text: "few", result: "res_0wn00000_1_abcd" }, LIMIT, () => {
    throw new Error("It fits.");
  });
  expect(stored).toBe("res_0wn00000_1_abcd");
  expect(result).toMatchObject({
    content: [{ type: "text" }, { type: "resource_link", uri: "result://res_0wn00000_1_abcd" }],
    _meta: { "dormouse/result": "res_0wn00000_1_abcd" }
  });
});

it("gives each client as much as it takes", () => {
  expect(
    ["claude-ai/0.1.0", "Claude-AI/1", "claude-code/2.1/x", "unknown", "claude-code/2"].map((client) => inlineBytesOf(client, 7))
  ).toEqual([131072, 131072, 7, 7, 65536]);
});
