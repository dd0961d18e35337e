import { endAccess, isStillValid } from "./auth/still-valid.ts";
import { catalog } from "./catalog/catalog.ts";
import { createEdge } from "./edge/edge.ts";
import { homeOf } from "./session/home/home.ts";
import { sessionAgentOf } from "./session/session-agent.ts";

/** The object that owns one session. A declared class, so that the generated types name it. */
export class SessionAgent extends sessionAgentOf(catalog, { isStillValid, endAccess }) {}

/** The object that owns what belongs to one principal, and the session of its stateless requests. */
export class Home extends homeOf(SessionAgent) {}

export default createEdge(catalog);
