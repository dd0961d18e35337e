import { z } from "zod";
import { defineTool, readOnlyHere } from "../../mcp/define-tool.ts";
import { InvalidInput } from "../../mcp/errors.ts";
import { writtenByOthers } from "../../mcp/written-by-others.ts";
import { resultHandle, resultRecord, toResultRecord } from "./result-record.ts";

const MAX_LINES = 1000;
const MAX_FIELDS = 50;

const fieldName = z.string().min(1).max(200);

export const readResult = defineTool({
  name: "read_result",
  title: "Read a stored result",
  description:
    "Reads lines of a result that was too large for a message, by the handle that a tool or list_results gave. Look for what you need with contains, where or tail before you read page after page; fields keeps only some of each row. Go on with fromLine: nextLine until it is absent. The whole can be downloaded with the same credentials: GET /results/{handle} at this server.",
  toolset: "results",
  scopes: ["mcp:use"],
  annotations: readOnlyHere,
  mayRepeat: true,
  input: z.strictObject({
    result: resultHandle,
    fromLine: z.int().min(1).default(1).describe("Where to begin: nextLine of the page before"),
    fromByte: z
      .int()
      .min(0)
      .default(0)
      .describe("Where to begin in that line: nextByte of one that was cut. Not with tail, contains, where or fields"),
    lines: z.int().min(1).max(MAX_LINES).default(200).describe("How many lines at most; a page ends earlier where its message is full"),
    tail: z.boolean().default(false).describe("The last lines instead; no fromLine then"),
    contains: z.string().min(1).max(1000).optional().describe("Only lines that hold this text, whatever its case"),
    where: z
      .strictObject({ field: fieldName.describe("JSON Pointer, or name of a member"), equals: z.json() })
      .optional()
      .describe("Only rows of NDJSON whose field has this value"),
    fields: z
      .array(fieldName)
      .min(1)
      .max(MAX_FIELDS)
      .optional()
      .describe("Of each row of NDJSON only these: JSON Pointers, or names of members")
  }),
  output: z.object({
    record: resultRecord,
    lines: writtenByOthers(
      z
        .array(
          z.object({
            line: z.int().describe("Counted from 1"),
            text: z.string(),
            isCut: z.literal(true).optional().describe("The line is longer than a message: this is its beginning"),
            nextByte: z.int().optional().describe("Where its rest begins: read on with fromLine: line, fromByte: nextByte")
          })
        )
        .describe("Lines as they stand in the result")
    ),
    nextLine: z
      .int()
      .optional()
      .describe("Where the next page begins; absent at the end. A page that looks for something may be empty and go on all the same"),
    lookedFrom: z
      .int()
      .optional()
      .describe("With tail: lines before this one were not looked at. Look through them from fromLine 1 if what you seek is not here")
  }),
  async run({ result, fromLine, fromByte, lines, tail, contains, where, fields }, ctx) {
    if (tail && fromLine > 1) throw new InvalidInput("Give either fromLine or tail.");
    if (fromByte > 0 && (tail || contains !== undefined || where || fields))
      throw new InvalidInput("fromByte reads on in one line: leave out tail, contains, where and fields.");
    const page = await ctx.results.read(result, { fromLine, fromByte, lines, isTail: tail, contains, where, fields });
    return {
      record: toResultRecord(page.record),
      lines: page.lines.map(({ line, text, isCut, nextByte }) => ({ line, text, ...(isCut && { isCut: true as const, nextByte }) })),
      nextLine: page.nextLine,
      lookedFrom: page.lookedFrom
    };
  },
  render({ record, lines, nextLine, lookedFrom }) {
    const [first, last] = [lines[0]?.line, lines.at(-1)?.line];
    const shown = first === undefined ? "No lines" : first === last ? `Line ${first}` : `Lines ${first} to ${last}`;
    const cut = lines.find(({ isCut }) => isCut);
    const rest =
      cut?.nextByte === undefined ? "ask for fewer fields" : `its rest is read with fromLine ${cut.line} and fromByte ${cut.nextByte}`;
    const head = [
      `${shown} of ${record.lines} of ${record.result}.`,
      cut && `Line ${cut.line} is cut: ${rest}.`,
      nextLine !== undefined && `Go on with fromLine ${nextLine}.`,
      lookedFrom !== undefined && `What stands before line ${lookedFrom} was not looked at.`
    ]
      .filter(Boolean)
      .join(" ");
    return [head, ...lines.map(({ line, text }) => `${line}: ${text}`)].join("\n");
  }
});
