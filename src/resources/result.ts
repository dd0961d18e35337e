import { defineResource } from "../mcp/define-resource.ts";
import { toResultRecord } from "../tools/results/result-record.ts";

const PAGE_LINES = 1000;

export const resultResource = defineResource({
  uri: "result://{result}",
  name: "result",
  title: "A stored result",
  description:
    "What was too large for a message: its record and its first lines, and where a longer one goes on. Its handle is that of list_results.",
  mimeType: "application/json",
  toolset: "results",
  scopes: ["mcp:use"],
  async read({ result }, ctx) {
    const { record, lines, nextLine } = await ctx.results.read(result, { fromLine: 1, lines: PAGE_LINES, isTail: false });
    const cut = lines.find(({ isCut }) => isCut);
    return {
      writtenByOthers: ["/text"],
      ...toResultRecord(record),
      text: lines.map(({ text }) => text).join("\n"),
      ...((cut || nextLine !== undefined) && {
        goOn: cut
          ? `read_result reads on with fromLine ${cut.line} and fromByte ${cut.nextByte}.`
          : `read_result reads on with fromLine ${nextLine}.`
      })
    };
  }
});
