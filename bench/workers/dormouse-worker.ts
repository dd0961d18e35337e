import { createEdge } from "../../src/edge/edge.ts";
import { createCatalog } from "../../src/mcp/catalog.ts";
import { homeOf } from "../../src/session/home/home.ts";
import { sessionAgentOf } from "../../src/session/session-agent.ts";
import { echo } from "./echo.ts";

const catalog = createCatalog({
  info: { name: "bench", title: "Bench", version: "1.0.0" },
  instructions: "",
  tools: [echo],
  prompts: [],
  resources: []
});

/** The whole of src/ with a catalog of one tool. */
export class SessionAgent extends sessionAgentOf(catalog) {}

/** The object of a principal, of the same make. */
export class Home extends homeOf(SessionAgent) {}

export default createEdge(catalog);
