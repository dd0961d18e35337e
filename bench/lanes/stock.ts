import { openMcpSession } from "../mcp-session.ts";
import type { Lane } from "./lane.ts";

/** The agents package, as people get it. */
export const stock: Lane = {
  name: "stock",
  about: "McpAgent.serve of the agents package with the same tool: no history, no credentials",
  isOurs: false,
  main: "bench/workers/stock-worker.ts",
  open: openMcpSession
};
