import { createEmulator } from "emulate";
import { startGitHubFront } from "./github-front.ts";
import {
  SEED_ORGANIZATION,
  SEED_REPOSITORIES,
  SEED_USER,
  SEED_USERS,
  type SeedIssue,
  type SeedPull,
  type SeedRepository,
  tokenOf
} from "./github-seed.ts";

/** A running GitHub: the emulator of npm `emulate` behind our front. Its state lives in memory. */
export interface GitHubUpstream {
  /** The base URL of the REST API. */
  readonly url: string;
  /** Acts as an admin of the seeded organization. */
  readonly token: string;
  /** A token of each seeded person, by login. */
  readonly tokens: Readonly<Record<string, string>>;
  /** Brings the seed back and forgets everything else. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** Starts GitHub on 127.0.0.1 with the same repositories, issues and pull requests every time; port 0 takes a free one. */
export async function startGitHub(options: { port?: number } = {}): Promise<GitHubUpstream> {
  const emulator = await createEmulator({ service: "github", port: 0, seed: emulatorSeed() });
  try {
    const front = await startGitHubFront(emulator.url, options.port);
    await populate(front.url);
    return {
      url: front.url,
      token: tokenOf(SEED_USER),
      tokens: Object.fromEntries(SEED_USERS.map(({ login }) => [login, tokenOf(login)])),
      reset: async () => {
        emulator.reset();
        await populate(front.url);
      },
      close: async () => {
        await Promise.all([front.close(), emulator.close()]);
      }
    };
  } catch (cause) {
    await emulator.close();
    throw cause;
  }
}

function emulatorSeed() {
  return {
    tokens: Object.fromEntries(SEED_USERS.map(({ login }) => [tokenOf(login), { login, scopes: ["repo", "user", "read:org"] }])),
    github: {
      users: SEED_USERS,
      orgs: [SEED_ORGANIZATION],
      repos: SEED_REPOSITORIES.map(({ owner, name, description, language, topics }) => ({ owner, name, description, language, topics }))
    }
  };
}

/** One request after the other, so that ids and numbers are the same every time. */
async function populate(url: string): Promise<void> {
  for (const repository of SEED_REPOSITORIES) {
    const path = `/repos/${repository.owner}/${repository.name}`;
    const asOwner = clientOf(url, repository.owner === SEED_ORGANIZATION.login ? SEED_USER : repository.owner);
    if (repository.license) await asOwner("PATCH", path, { license: repository.license });
    for (const [file, text] of Object.entries(repository.files)) await putFile(asOwner, path, file, text, `Add ${file}`);
    await addLabels(asOwner, path, repository);
    for (const [index, issue] of repository.issues.entries()) await addIssue(url, asOwner, path, issue, index + 1);
    for (const pull of repository.pulls) await addPull(clientOf(url, pull.author), path, pull);
    for (const login of repository.forkedBy) await clientOf(url, login)("POST", `${path}/forks`, {});
  }
}

type Client = (method: string, path: string, body?: unknown) => Promise<unknown>;

function clientOf(url: string, login: string): Client {
  return async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${tokenOf(login)}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) })
    });
    if (!response.ok) throw new Error(`The GitHub emulator refused ${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
}

async function putFile(client: Client, path: string, file: string, text: string, message: string, branch?: string): Promise<void> {
  await client("PUT", `${path}/contents/${file}`, { message, content: Buffer.from(text).toString("base64"), ...(branch && { branch }) });
}

async function addLabels(asOwner: Client, path: string, { issues }: SeedRepository): Promise<void> {
  // A list of labels is an array of objects with a name: https://docs.github.com/rest/issues/labels
  const known = (await asOwner("GET", `${path}/labels?per_page=100`)) as readonly { name: string }[];
  const taken = new Set(known.map(({ name }) => name));
  for (const name of new Set(issues.flatMap(({ labels }) => labels)))
    if (!taken.has(name)) await asOwner("POST", `${path}/labels`, { name, color: "b08d57" });
}

async function addIssue(url: string, asOwner: Client, path: string, issue: SeedIssue, number: number): Promise<void> {
  await clientOf(url, issue.author)("POST", `${path}/issues`, { title: issue.title, body: issue.body });
  if (issue.labels.length > 0) await asOwner("POST", `${path}/issues/${number}/labels`, { labels: issue.labels });
  for (const [author, body] of issue.comments) await clientOf(url, author)("POST", `${path}/issues/${number}/comments`, { body });
  if (issue.isClosed) await asOwner("PATCH", `${path}/issues/${number}`, { state: "closed", state_reason: "completed" });
}

async function addPull(client: Client, path: string, pull: SeedPull): Promise<void> {
  // The shape of a reference: https://docs.github.com/rest/git/refs
  const main = (await client("GET", `${path}/git/ref/heads/main`)) as { object: { sha: string } };
  await client("POST", `${path}/git/refs`, { ref: `refs/heads/${pull.branch}`, sha: main.object.sha });
  const [file, text] = pull.file;
  await putFile(client, path, file, text, pull.title, pull.branch);
  await client("POST", `${path}/pulls`, { title: pull.title, body: pull.body, head: pull.branch, base: "main" });
}
