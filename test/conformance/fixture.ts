import { readOnlyHere } from "../../src/mcp/define-tool.ts";

/** What every tool of the referee has in common. */
export const FIXTURE = { toolset: "conformance", scopes: [], annotations: readOnlyHere } as const;
