import { env } from "cloudflare:workers";
import { DEFAULTS } from "../../../src/config.ts";
import type { HomeDoor } from "../../../src/mcp/doors/home-door.ts";
import { homeNameOf } from "../../../src/mcp/doors/home-name.ts";
import type { Results } from "../../../src/mcp/results.ts";
import { createRemoteResults } from "../../../src/session/remote-results.ts";
import { createResults } from "../../../src/session/results.ts";

/** The results of a principal as a session of theirs has them: over RPC. */
export function remoteResultsOf(principalId: string): Results {
  // The generated type of the binding names a class that is made of the one that has the door.
  const home = env.HOME.get(env.HOME.idFromName(`home:${homeNameOf(principalId)}`)) as unknown as HomeDoor;
  return createResults(
    createRemoteResults(() => home, { principalId, session: "a session" }),
    DEFAULTS.results
  );
}
