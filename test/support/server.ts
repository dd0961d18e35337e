import { createTestHarness, type TestHarness, type WorkerHandle } from "wrangler";
import { apiKeyName, createApiKey } from "../../src/auth/api-key.ts";
import { SCOPES } from "../../src/mcp/principal.ts";

/** A server under test: the real Worker over HTTP, in a process of its own. */
export interface TestServer {
  readonly harness: TestHarness;
  readonly worker: WorkerHandle;
  /** `http://127.0.0.1:<port>`, without a slash. */
  readonly url: string;
  close(): Promise<void>;
}

/** How a server under test differs from `wrangler dev`. */
export interface TestServerOptions {
  /** The wrangler configuration, whose folder's `.env` makes the server local; `wrangler.toml` if absent. */
  readonly configPath?: string;
  /** Settings, secrets included. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The settings of a deployed server with a secret that a test may know: no local mode. */
export const DEPLOYED = { DORMOUSE_LOCAL: "", DORMOUSE_SECRET: "test-secret-of-a-deployed-server-0123456789abcdef" } as const;

/** Starts a server. Its state is in memory and ends with it. */
export async function startServer({ configPath = "wrangler.toml", settings = {} }: TestServerOptions = {}): Promise<TestServer> {
  const harness = createTestHarness({ workers: [{ configPath, secrets: { ...settings } }] });
  const { url } = await harness.listen();
  url.hostname = "127.0.0.1";
  return { harness, worker: harness.getWorker(), url: url.origin, close: () => harness.close() };
}

/** Makes a key, which is a principal of its own, and returns the headers of who holds it. */
export async function createPrincipal({ worker }: TestServer): Promise<Record<string, string>> {
  const { kid, key, hash } = createApiKey();
  const { KEYS } = (await worker.getEnv()) as { KEYS: { put(name: string, value: string): Promise<void> } };
  await KEYS.put(apiKeyName(kid), JSON.stringify({ hash, scopes: SCOPES, created: 0 }));
  return { authorization: `Bearer ${key}` };
}
