import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApiKey } from "../src/auth/api-key.ts";
import { DEFAULT_SCOPES } from "../src/mcp/principal.ts";
import { Failure, parseCommandLine, runScript, UsageError } from "./command-line.ts";
import { connectionHelp } from "./connection-help.ts";
import { createKeyStore, type KeyStore } from "./key-store.ts";
import { NOT_LOGGED_IN, runWrangler, runWranglerInTerminal, succeeded, type Wrangler } from "./wrangler.ts";

const HELP = `Deploys Dormouse to Cloudflare, gives it its secret and makes a first API key. Safe to run again: it only adds what is missing.

Usage: npm run deploy -- [options]

  --dry-run  build and check only; needs no account
  --help     show this text`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine(args, {
    "dry-run": { type: "boolean", default: false },
    help: { type: "boolean", default: false }
  });
  if (positionals.length > 0) throw new UsageError(`Unexpected argument '${positionals[0]}'. --help shows what there is.`);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (values["dry-run"]) return (await runWranglerInTerminal([...DEPLOY, "--dry-run"])) ?? 1;
  await assertLoggedIn(runWrangler);
  const url = await upload();
  const hadSecret = await ensureSecret(runWrangler);
  const key = await ensureKey(createKeyStore(runWrangler, { isRemote: true }));
  console.log(report(url, hadSecret, key));
  return 0;
}

/** Throws a {@link Failure} that says how to log in. */
export async function assertLoggedIn(wrangler: Wrangler): Promise<void> {
  const result = await wrangler(["whoami", "--json"]);
  if (result.stdout.includes('"loggedIn":false')) throw new Failure(NOT_LOGGED_IN);
  succeeded(result, "ask Cloudflare who you are");
}

/** Puts a random secret unless the Worker has one: another would make every signed URL and session handle invalid. */
export async function ensureSecret(wrangler: Wrangler): Promise<boolean> {
  const listed = succeeded(await wrangler(["secret", "list", "--format", "json"]), "list the Worker's secrets");
  // The shape that `wrangler secret list --format json` of 4.124.0 prints.
  const secrets = JSON.parse(listed) as readonly { readonly name: string }[];
  if (secrets.some(({ name }) => name === "DORMOUSE_SECRET")) return true;
  // By stdin: arguments can be read by everyone on this machine.
  const input = randomBytes(48).toString("base64url");
  succeeded(await wrangler(["secret", "put", "DORMOUSE_SECRET"], { input }), "store the secret DORMOUSE_SECRET");
  return false;
}

/** Makes one key with the default scopes if there is none; its text, or `undefined`. */
export async function ensureKey(store: KeyStore, now = Date.now()): Promise<string | undefined> {
  if ((await store.list()).size > 0) return undefined;
  const { kid, key, hash } = createApiKey();
  await store.put(kid, { hash, scopes: DEFAULT_SCOPES, label: "made by npm run deploy", created: now });
  return key;
}

/** The first address in wrangler's output file, one JSON object a line: https://developers.cloudflare.com/workers/wrangler/system-environment-variables/ */
export function deployedUrl(output: string): string | undefined {
  const entries = output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { readonly type: string; readonly targets?: readonly string[] });
  const targets = entries.find(({ type }) => type === "deploy")?.targets ?? [];
  const address = targets.find((target) => target.includes("workers.dev")) ?? targets.find((target) => target.startsWith("https://"));
  return address === undefined ? undefined : new URL(address.includes("://") ? address : `https://${address}`).origin;
}

const DEPLOY = ["deploy", "--minify"];

/** Runs on the terminal, because the first deploy may have to ask which account to use or for a workers.dev name. */
async function upload(): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "dormouse-deploy-"));
  try {
    const file = join(folder, "output.ndjson");
    const code = await runWranglerInTerminal(DEPLOY, { WRANGLER_OUTPUT_FILE_PATH: file });
    if (code !== 0) throw new Failure("wrangler could not deploy; its lines above say why. Nothing else was changed.");
    return deployedUrl(await readFile(file, "utf8"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function report(origin: string | undefined, hadSecret: boolean, key: string | undefined): string {
  const address = origin ?? "https://dormouse.<your-subdomain>.workers.dev";
  const url = `${address}/mcp`;
  const secret = hadSecret ? "DORMOUSE_SECRET was there and stays" : "DORMOUSE_SECRET was made and stored";
  const next =
    key === undefined
      ? `There are API keys already: npm run keys -- list --remote\nMake one more:                 npm run keys -- create --remote --url ${url}\n`
      : `Your first API key (${DEFAULT_SCOPES.join(", ")}):\n\n${connectionHelp(url, key)}`;
  const signIn = `To let people sign in with GitHub, as Claude needs it: docs/deploy.md, with the callback URL ${address}/callback\n`;
  return `\nDormouse is deployed: ${url}\n${secret}.\n\n${next}\n${signIn}`;
}

if (import.meta.main) await runScript(main);
