import { createEdge } from "../../src/edge/edge.ts";
import { sessionAgentOf } from "../../src/session/session-agent.ts";
import { catalog } from "./catalog.ts";

/** The object of the real Worker, with the referee's catalog. */
export class SessionAgent extends sessionAgentOf(catalog) {}

export default createEdge(catalog);
