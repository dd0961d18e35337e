import { openMcpSession } from "../mcp-session.ts";
import type { Lane } from "./lane.ts";

/** Dormouse: the whole of src/, in local mode. */
export const dormouse: Lane = {
  name: "dormouse",
  about: "src/ with one tool: one hop, a row of history per call, no credentials (local mode)",
  isOurs: true,
  main: "bench/workers/dormouse-worker.ts",
  open: openMcpSession
};
