import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGitHub } from "../../scripts/upstreams/github.ts";
import { Browser } from "../support/browser.ts";
import { type BuiltWorker, DEPLOYED_BINDINGS, startBuiltWorker } from "../support/built-worker.ts";
import { decide, OAuthClient, signInAtGitHub } from "../support/sign-in.ts";
import { judgeAuthorization, type RefereeCheck } from "./authorization-referee.ts";
import { type Expect, runCheck } from "./run-check.ts";

// The protocol's own suite for authorization servers judges the built Worker, for a public client that registered itself. It has no
// scenario that fails, so it has no baseline: whatever is not a success fails, and so does a revision with fewer checks than these.

const CHECKS = {
  "2025-03-26": ["authorization-server-metadata", "authorization-code-grant"],
  "2025-06-18": ["authorization-server-metadata", "authorization-code-grant"],
  "2025-11-25": ["authorization-server-metadata", "authorization-server-metadata-cimd", "authorization-code-grant"],
  "2026-07-28": ["authorization-server-metadata", "authorization-server-metadata-cimd", "authorization-code-grant"]
} as const;

async function passesTheSuite(expect: Expect): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "dormouse-authorization-"));
  const github = await startGitHub();
  try {
    const signIn = { GITHUB_CLIENT_ID: "Ov23example", GITHUB_CLIENT_SECRET: "a-secret-of-the-app" };
    const bindings = { ...DEPLOYED_BINDINGS, ...signIn, GITHUB_API_URL: github.url, GITHUB_WEB_URL: github.url };
    const worker = await startBuiltWorker({ stateDir: join(folder, "state"), bindings });
    try {
      for (const [revision, ids] of Object.entries(CHECKS)) {
        const checks = await judge(worker, revision, join(folder, revision), approve);
        for (const id of ids) {
          const check = checks.find((candidate) => candidate.id === id);
          expect(`${revision}: ${id}`, check?.status === "SUCCESS", check?.errorMessage ?? check?.status ?? "was not checked");
        }
        const others = checks.filter(({ id, status }) => !ids.some((known) => known === id) && status !== "INFO");
        expect(`${revision}: and nothing else`, others.length === 0, others);
      }
      const refused = await judge(worker, "2026-07-28", join(folder, "control"), deny);
      const grant = refused.find(({ id }) => id === "authorization-code-grant");
      expect("control: it notices a person who says no", grant?.status === "FAILURE", grant?.errorMessage);
    } finally {
      await worker.stop();
    }
  } finally {
    await github.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Has the suite judge the Worker by one revision, with a client of its own, and does what a person would in the browser. */
async function judge({ url }: BuiltWorker, revision: string, folder: string, visit: Visit): Promise<readonly RefereeCheck[]> {
  const port = await freePort();
  const redirectUri = `http://127.0.0.1:${port}/callback`;
  const client = await OAuthClient.register(url, { redirect_uris: [redirectUri] });
  const args = ["--url", url, "--client-id", client.id, "--resource", `${url}/mcp`, "--port", String(port), "--spec-version", revision];
  return judgeAuthorization({ args, folder, startsWith: `${url}/authorize?`, visit: (address) => visit(address, url) });
}

type Visit = (address: string, server: string) => Promise<unknown>;

/** The browser's last redirect leads to the suite, which waits for it. */
async function approve(address: string, server: string): Promise<unknown> {
  const browser = new Browser();
  const page = await browser.open(address);
  return signInAtGitHub(browser, await browser.submit(`${server}/authorize`, decide(page, "approve")), "robin-hale", "\0");
}

async function deny(address: string, server: string): Promise<unknown> {
  const browser = new Browser();
  return browser.submit(`${server}/authorize`, decide(await browser.open(address), "deny"));
}

/** The suite takes the port that its client is registered with. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

await runCheck(passesTheSuite);
