import type { ApiKeys } from "../auth/api-keys.ts";
import type { Config } from "../config.ts";
import type { Catalog } from "../mcp/catalog.ts";
import { JSON_HEADERS } from "./respond.ts";

/** Tells which version runs and what it lacks, and nothing that is secret. */
export async function answerHealth({ info }: Catalog, config: Config, keys: ApiKeys): Promise<Response> {
  const missing = [
    ...(config.keyring ? [] : ["DORMOUSE_SECRET: run npm run deploy"]),
    ...(config.isLocal || config.signIn || (await keys.hasAny()) ? [] : ["an API key: run npm run keys -- create --remote"]),
    ...(config.isLocal || config.signIn
      ? []
      : ["GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET: without them nobody can sign in, and Claude cannot connect; see docs/deploy.md"]),
    ...(config.github.token ? [] : ["GITHUB_TOKEN: GitHub allows 60 requests an hour without it"]),
    ...(config.awsMissing.length > 0 ? [`${config.awsMissing.join(", ")}: AWS is set up in part, and not read; see docs/deploy.md`] : [])
  ];
  const canServe = config.keyring !== undefined && !missing.some((what) => what.startsWith("an API key"));
  const body = { name: info.name, version: info.version, status: canServe ? "ok" : "not_configured", missing };
  return new Response(JSON.stringify(body), { headers: JSON_HEADERS });
}
