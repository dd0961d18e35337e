import { type ApiKeyRecord, createApiKey } from "../src/auth/api-key.ts";
import { DEFAULT_SCOPES, isScope, SCOPES, type Scope } from "../src/mcp/principal.ts";
import { Failure, parseCommandLine, runScript, UsageError } from "./command-line.ts";
import { connectionHelp } from "./connection-help.ts";
import { createKeyStore, type KeyStore } from "./key-store.ts";
import { runWrangler } from "./wrangler.ts";

const HELP = `Makes and manages API keys. Only a hash of a key is stored; its text is shown once.

Usage: npm run keys -- <command> [options]

  create              make a key
  list                show the keys
  rotate <kid>        give a key a new text, keep all the rest; the old text stops working
  revoke <kid>        delete a key

Options of create:
  --scopes a,b        of ${SCOPES.join(", ")} (default: ${DEFAULT_SCOPES.join(",")})
  --label text        what the key is for
  --owner github:<id> who may approve for this key (the numeric id); without an owner nobody may
  --expires days      when the key stops working

Options of all commands:
  --remote            act on the deployed server instead of this machine
  --persist-to DIR    local state to act on: .dormouse/state for npm start (default: that of npm run dev)
  --url URL           the server's MCP address, for the lines that say how to connect
  --help              show this text`;

const CREATE_OPTIONS = {
  scopes: { type: "string" },
  label: { type: "string" },
  owner: { type: "string" },
  expires: { type: "string" }
} as const;
const OPTIONS = {
  ...CREATE_OPTIONS,
  remote: { type: "boolean", default: false },
  "persist-to": { type: "string" },
  url: { type: "string" },
  help: { type: "boolean", default: false }
} as const;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine(args, OPTIONS);
  const [command, kid, ...rest] = positionals;
  if (values.help || command === undefined) {
    console.log(HELP);
    return values.help ? 0 : 2;
  }
  if (values.remote && values["persist-to"] !== undefined) throw new UsageError("--remote and --persist-to exclude each other.");
  const persistTo = values["persist-to"];
  const store = createKeyStore(runWrangler, { isRemote: values.remote, ...(persistTo !== undefined && { persistTo }) });
  const url = values.url ?? (values.remote ? "https://dormouse.<your-subdomain>.workers.dev/mcp" : "http://127.0.0.1:8787/mcp");
  const takesKid = command === "rotate" || command === "revoke";
  if (takesKid && kid === undefined) throw new UsageError(`Which key? npm run keys -- ${command} <kid>; npm run keys -- list shows them.`);
  const surplus = takesKid ? rest[0] : kid;
  if (surplus !== undefined) throw new UsageError(`Unexpected argument '${surplus}'. --help shows what there is.`);
  const misplaced = Object.keys(CREATE_OPTIONS).find((name) => command !== "create" && name in values);
  if (misplaced !== undefined) throw new UsageError(`--${misplaced} goes with create only.`);

  if (command === "create") await create(store, toRecord(values), url);
  else if (command === "list") await list(store);
  else if (command === "rotate") await rotate(store, kid ?? "", url);
  else if (command === "revoke") await revoke(store, kid ?? "");
  else throw new UsageError(`Unknown command '${command}': create, list, rotate or revoke. --help shows more.`);
  return 0;
}

async function create(store: KeyStore, record: Omit<ApiKeyRecord, "hash">, url: string): Promise<void> {
  const { kid, key, hash } = createApiKey();
  await store.put(kid, { ...record, hash });
  console.log(`Made key ${kid} (${summaryOf(record)}).\n\n${connectionHelp(url, key)}`);
}

async function list(store: KeyStore): Promise<void> {
  const records = [...(await store.list())].sort(([, first], [, second]) => first.created - second.created);
  if (records.length === 0) console.log("No keys. Make one: npm run keys -- create");
  for (const [kid, record] of records) console.log(`${kid}  ${dateOf(record.created)}  ${summaryOf(record)}`);
}

async function rotate(store: KeyStore, kid: string, url: string): Promise<void> {
  const record = await existing(store, kid);
  const { key, hash } = createApiKey(kid);
  await store.put(kid, { ...record, hash });
  console.log(
    `Key ${kid} has a new text (${summaryOf(record)}). The old one stops working within 90 seconds.\n\n${connectionHelp(url, key)}`
  );
}

async function revoke(store: KeyStore, kid: string): Promise<void> {
  const record = await existing(store, kid);
  await store.delete(kid);
  console.log(`Revoked key ${kid} (${summaryOf(record)}). It stops working within 90 seconds.`);
}

async function existing(store: KeyStore, kid: string): Promise<ApiKeyRecord> {
  const record = await store.get(kid);
  if (record === undefined)
    throw new Failure(`There is no key '${kid}' here. npm run keys -- list shows the keys; --remote looks at the deployed server.`);
  return record;
}

type CreateValues = { readonly [Name in keyof typeof CREATE_OPTIONS]?: string | undefined };

function toRecord({ scopes, label, owner, expires }: CreateValues): Omit<ApiKeyRecord, "hash"> {
  if (owner !== undefined && !/^github:[1-9]\d*$/.test(owner))
    throw new UsageError(`--owner wants github:<numeric id>, not '${owner}'. https://api.github.com/users/<login> shows the id.`);
  const created = Date.now();
  return {
    scopes: scopes === undefined ? DEFAULT_SCOPES : toScopes(scopes),
    created,
    ...(label !== undefined && { label }),
    ...(owner !== undefined && { owner }),
    ...(expires !== undefined && { expires: created + toDays(expires) * 86_400_000 })
  };
}

function toScopes(text: string): readonly Scope[] {
  const names = [...new Set(text.split(",").map((name) => name.trim()))];
  const wrong = names.filter((name) => !isScope(name));
  if (wrong.length > 0) throw new UsageError(`Unknown scope '${wrong.join("', '")}'. Valid are ${SCOPES.join(", ")}.`);
  return names.filter(isScope);
}

function toDays(text: string): number {
  const days = Number(text);
  if (!/^\d+$/.test(text) || days < 1 || days > 36_500) throw new UsageError(`--expires wants a whole number of days, not '${text}'.`);
  return days;
}

function summaryOf({ scopes, label, owner, expires }: Omit<ApiKeyRecord, "hash">): string {
  const facts = [scopes.join(" "), owner ?? "no owner", expires === undefined ? "never expires" : `expires ${dateOf(expires)}`];
  return [...facts, ...(label === undefined ? [] : [`"${label}"`])].join(", ");
}

const dateOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);

await runScript(main);
