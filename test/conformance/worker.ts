import { createEdge } from "../../src/edge/edge.ts";
import { homeOf } from "../../src/session/home/home.ts";
import { sessionAgentOf } from "../../src/session/session-agent.ts";
import { catalog } from "./catalog.ts";

/** The object of the real Worker, with the referee's catalog. */
export class SessionAgent extends sessionAgentOf(catalog) {}

/** The object of a principal, of the same make. */
export class Home extends homeOf(SessionAgent) {}

export default createEdge(catalog);
