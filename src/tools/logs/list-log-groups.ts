import { z } from "zod";
import { showName } from "../../lib/text.ts";
import { defineTool, readOnly } from "../../mcp/define-tool.ts";
import { toIso } from "./log-window.ts";

const group = z.object({
  logGroup: z.string(),
  createdAt: z.string().optional(),
  retentionDays: z.int().optional().describe("How long events are kept; for ever if absent"),
  sizeBytes: z.int().optional()
});

export const listLogGroups = defineTool({
  name: "list_log_groups",
  title: "List log groups",
  description:
    "Lists the CloudWatch log groups that this server was given to read, by name. Use search_logs or analyze_logs with one of them.",
  toolset: "logs",
  scopes: ["aws:read"],
  annotations: readOnly,
  input: z.strictObject({
    prefix: z.string().trim().max(512).default("").describe("Only groups whose names begin like this, as in /aws/lambda/"),
    limit: z.int().min(1).max(200).default(50).describe("How many groups to return")
  }),
  output: z.object({
    groups: z.array(group),
    hasMore: z.boolean().describe("Whether there are more than the limit: ask with a longer prefix")
  }),
  async run({ prefix, limit }, ctx) {
    const { groups, hasMore } = await ctx.logs.listGroups(prefix, limit);
    return {
      groups: groups.map(({ name, createdMs, retentionDays, sizeBytes }) => ({
        logGroup: name,
        ...(createdMs !== undefined && { createdAt: toIso(createdMs) }),
        ...{ retentionDays, sizeBytes }
      })),
      hasMore
    };
  },
  render({ groups, hasMore }) {
    if (groups.length === 0) return "No log group with this prefix was given to this server.";
    return [`${groups.length}${hasMore ? " and more" : ""} log groups:`, ...groups.map(toLine)].join("\n");
  }
});

function toLine({ logGroup, createdAt, retentionDays, sizeBytes }: z.output<typeof group>): string {
  const facts = [
    retentionDays === undefined ? "kept for ever" : `kept ${retentionDays} days`,
    sizeBytes !== undefined && `${sizeBytes} bytes`,
    createdAt !== undefined && `since ${createdAt}`
  ];
  return `${showName(logGroup)}: ${facts.filter(Boolean).join(", ")}`;
}
