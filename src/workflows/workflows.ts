import type { ShippedWorkflow } from "../mcp/workflow.ts";
import { repositoryReport } from "./repository-report.ts";

/** The workflows that come with the server. */
export const workflows: readonly ShippedWorkflow[] = [repositoryReport];
