import { isStillValid } from "./auth/still-valid.ts";
import { catalog } from "./catalog/catalog.ts";
import { createEdge } from "./edge/edge.ts";
import { sessionAgentOf } from "./session/session-agent.ts";

/** The object that owns one session. A declared class, so that the generated types name it. */
export class SessionAgent extends sessionAgentOf(catalog, { isStillValid }) {}

export default createEdge(catalog);
