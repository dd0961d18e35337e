import { type GitHubPeople, startGitHubPeople } from "./github-people.ts";
import { DEPLOYED, startServer, type TestServer } from "./server.ts";
import { OAuthClient, type SignInOptions, type Tokens } from "./sign-in.ts";

/** A deployed server whose people sign in at the stub of GitHub. */
export interface OAuthServer extends TestServer {
  readonly github: GitHubPeople;
  /** The address of the server itself. */
  readonly mcp: string;
  /** The rows of the authorization server whose names begin so. */
  rows(prefix: string): Promise<string[]>;
  readRow<T>(name: string): Promise<T | null>;
  writeRow(name: string, row: object): Promise<void>;
  deleteRow(name: string): Promise<void>;
  /** Signs a person in with a client. */
  signIn(client: OAuthClient, how?: Partial<SignInOptions>): Promise<Tokens>;
  /** The same with a client of its own. */
  signInAfresh(how?: Partial<SignInOptions>): Promise<{ readonly client: OAuthClient; readonly tokens: Tokens }>;
}

/** What tests use of the namespace, which is a proxy of the Worker's own. */
interface Rows {
  get<T>(name: string, type: "json"): Promise<T | null>;
  put(name: string, value: string): Promise<void>;
  delete(name: string): Promise<void>;
  list(options: { prefix: string }): Promise<{ keys: { name: string }[] }>;
}

/** The server's own token, which no call of a person may carry. */
export const SERVER_TOKEN = "the-server-s-own-token";

/** Starts both. */
export async function startOAuthServer(settings: Readonly<Record<string, string>> = {}): Promise<OAuthServer> {
  const github = await startGitHubPeople();
  const server = await startServer({ settings: { ...DEPLOYED, ...github.settings, GITHUB_TOKEN: SERVER_TOKEN, ...settings } });
  const { OAUTH_KV } = (await server.worker.getEnv()) as { OAUTH_KV: Rows };
  const signIn = (client: OAuthClient, { login = "alice", ...how }: Partial<SignInOptions> = {}) => {
    github.choose(login);
    return client.signIn({ login, ...how });
  };
  return {
    ...server,
    github,
    mcp: `${server.url}/mcp`,
    rows: async (prefix) => (await OAUTH_KV.list({ prefix })).keys.map(({ name }) => name),
    readRow: (name) => OAUTH_KV.get(name, "json"),
    writeRow: (name, row) => OAUTH_KV.put(name, JSON.stringify(row)),
    deleteRow: (name) => OAUTH_KV.delete(name),
    signIn,
    async signInAfresh(how) {
      const client = await OAuthClient.register(server.url);
      return { client, tokens: await signIn(client, how) };
    },
    close: async () => {
      await Promise.all([server.close(), github.close()]);
    }
  };
}
