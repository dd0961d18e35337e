import { z } from "zod";
import { createEdge } from "../../src/edge/edge.ts";
import { createCatalog } from "../../src/mcp/catalog.ts";
import { additive, defineTool } from "../../src/mcp/define-tool.ts";
import { homeNameOf } from "../../src/mcp/doors/home-name.ts";
import { homeOf } from "../../src/session/home/home.ts";
import { sessionAgentOf } from "../../src/session/session-agent.ts";
import { HomeRecord } from "../../src/stores/home-record.ts";
import { RunStore } from "../../src/stores/runs.ts";
import { startWorkflow } from "../../src/tools/runs/start-workflow.ts";
import { countRequests, counts, countWrites } from "./counted.ts";
import { echo } from "./echo.ts";

/** A write as the pipeline sees it. It goes nowhere, so that only what the server itself stores is counted. */
const note = defineTool({
  name: "note",
  title: "Note",
  description: "Pretends to write down what it was told.",
  toolset: "bench",
  scopes: ["mcp:use"],
  annotations: additive,
  input: z.strictObject({ text: z.string().describe("What to note") }),
  output: z.object({ text: z.string() }),
  run: async ({ text }) => ({ text }),
  render: ({ text }) => text
});

const catalog = createCatalog({
  info: { name: "bench", title: "Bench", version: "1.0.0" },
  instructions: "",
  tools: [echo, note, startWorkflow],
  prompts: [],
  resources: []
});

class BenchAgent extends sessionAgentOf(catalog) {}

/** A session whose writes are counted. */
export class SessionAgent extends BenchAgent {
  constructor(ctx: DurableObjectState, env: Env) {
    super(countWrites(ctx, "session"), countRequests(env));
  }

  override alarm(): Promise<void> {
    counts.session.alarmsRun++;
    return super.alarm();
  }
}

/** The object of a principal, likewise. */
export class Home extends homeOf(BenchAgent) {
  constructor(ctx: DurableObjectState, env: Env) {
    super(countWrites(ctx, "home"), countRequests(env));
  }

  /** How many runs have not ended; asking for it counts for nothing. */
  countOpenRuns(): Promise<number> {
    return Promise.resolve(new RunStore(this.ctx.storage, new HomeRecord(this.ctx.storage, () => {})).countOpen());
  }

  override alarm(): Promise<void> {
    counts.home.alarmsRun++;
    return super.alarm();
  }
}

const edge = createEdge(catalog);

// The generated type of the binding names the class of src/.
const localHome = (env: Env): Home => env.HOME.get(env.HOME.idFromName(`home:${homeNameOf("local")}`)) as unknown as Home;

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/counts") return Response.json(counts);
    if (pathname === "/open-runs") return Response.json(await localHome(env).countOpenRuns());
    return edge.fetch(request, countRequests(env), ctx);
  }
} satisfies ExportedHandler<Env>;
