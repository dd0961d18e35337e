import { evictDurableObject, reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { apiKeyName, createApiKey } from "../../../src/auth/api-key.ts";
import { DEFAULTS } from "../../../src/config.ts";
import type { HomeDoor } from "../../../src/mcp/doors/home-door.ts";
import { homeNameOf } from "../../../src/mcp/doors/home-name.ts";
import { NO_CREDENTIALS, SCOPES, type Caller as Signed } from "../../../src/mcp/principal.ts";
import { workflowDefinition } from "../../../src/mcp/workflow.ts";
import { type Caller, createCaller } from "./in-worker.ts";

const now = Date.now;

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

/** Lets time pass for everything in this worker: what was believed of keys is read again. */
const pass = (ms: number) => vi.spyOn(Date, "now").mockImplementation(() => now() + ms);

const homeOf = (principalId: string) => env.HOME.get(env.HOME.idFromName(`home:${homeNameOf(principalId)}`));

const count = { id: "count", kind: "tool", tool: "long_operation", arguments: { steps: 1, delayMs: 0 } };
const definition = workflowDefinition.parse({ name: "asks", steps: [{ id: "ask", kind: "approval", message: "?" }, count] });

interface KeyHolder {
  readonly kid: string;
  readonly call: Caller;
  readonly headers: Record<string, string>;
}

async function createHolder(): Promise<KeyHolder & { rotate(): Promise<KeyHolder> }> {
  const { kid, key, hash } = createApiKey();
  await env.KEYS.put(apiKeyName(kid), JSON.stringify({ hash, scopes: SCOPES, created: 0 }));
  const toHolder = (held: string) => {
    const headers = { authorization: `Bearer ${held}` };
    return { kid, headers, call: createCaller(headers) };
  };
  return {
    ...toHolder(key),
    async rotate() {
      const other = createApiKey(kid);
      await env.KEYS.put(apiKeyName(kid), JSON.stringify({ hash: other.hash, scopes: SCOPES, created: 0 }));
      return toHolder(other.key);
    }
  };
}

/** A run whose key is revoked while it waits for an approval, and that is approved by who still has it: it is signed out. */
async function signOut({ kid, call }: KeyHolder): Promise<unknown> {
  const { run } = await call("start_workflow", { definition });
  expect(await call("get_run", { run, waitSeconds: 8 })).toMatchObject({ state: "waiting" });
  await env.KEYS.delete(apiKeyName(kid));
  await call("signal_run", { run, approved: true }); // the edge believes what it read of the key for half a minute
  await expect.poll(() => runInDurableObject(homeOf(`key:${kid}`), (_, { storage }) => stateOf(storage))).toBe("signed_out");
  return run;
}

const stateOf = ({ sql }: DurableObjectStorage) => sql.exec("SELECT state FROM runs").one().state;

const REASON =
  "The API key that started this run was revoked, rotated or has expired. Ask for the run (get_run) with a key that is valid; it then goes on.";

describe("a run whose key was revoked", () => {
  it("waits without an alarm but the daily one, also under a loss, and goes on when a key that is valid asks for it", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const holder = await createHolder();
    const home = homeOf(`key:${holder.kid}`);
    const run = await signOut(holder);
    const alarmMs = () => runInDurableObject(home, (_, { storage }) => storage.getAlarm());
    await expect.poll(alarmMs, { timeout: 3000 }).toBeGreaterThan(now() + DEFAULTS.homeSweepMs - 60_000);
    await evictDurableObject(home);
    expect(await runDurableObjectAlarm(home)).toBe(true); // wakes it, and changes nothing
    expect(await runInDurableObject(home, (_, { storage }) => stateOf(storage))).toBe("signed_out");
    const rotated = await holder.rotate();
    pass(DEFAULTS.credentialCacheMs + 1000);
    expect(await rotated.call("get_run", { run, waitSeconds: 8 })).toMatchObject({ state: "completed", done: 2 });
    expect(await rotated.call("list_calls", { tool: "long_operation" })).toMatchObject({ calls: [{ outcome: "ok" }] });
  });

  it("is where it was when somebody asks with a key that is valid no more, and says what it waits for", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const holder = await createHolder();
    const run = await signOut(holder);
    expect(await holder.call("get_run", { run, waitSeconds: 8 })).toMatchObject({ state: "signed_out", step: "count", waitsFor: REASON });
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("run_signed_out"));
    expect(await holder.call("list_calls", { tool: "long_operation" })).toMatchObject({ calls: [] });
  });

  it("fails when nobody has come for as long as runs are kept, and keeps nothing sealed", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const holder = await createHolder();
    const home = homeOf(`key:${holder.kid}`);
    await signOut(holder);
    const sealed = () => runInDurableObject(home, (_, { storage }) => storage.sql.exec("SELECT state, sealed, error FROM runs").one());
    await runInDurableObject(home, (instance) => instance.sweepSession());
    expect(await sealed()).toMatchObject({ state: "signed_out", sealed: expect.any(String) }); // the control: a day later it is kept
    pass(DEFAULTS.retentionMs + 1000);
    await runInDurableObject(home, (instance) => instance.sweepSession());
    expect(await sealed()).toMatchObject({ state: "failed", sealed: null, error: expect.stringContaining(REASON) });
  });
});

describe("a sign-in", () => {
  const caller: Signed = {
    principal: { id: "github:7", kind: "github", clientId: "a-client", scopes: SCOPES },
    credentials: { ...NO_CREDENTIALS, proof: "token", lastingProof: "grant", githubToken: "gho_first" }
  };
  const home = () => homeOf("github:7");
  const door = () => home() as unknown as HomeDoor;
  const stored = () =>
    runInDurableObject(home(), async (_, { storage }) => ({
      tables: storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_%' ESCAPE '\\'").toArray(),
      keys: [...storage.kv.list()].map(([key]) => key),
      alarmMs: await storage.getAlarm()
    }));

  it("stores nothing in a home that has nothing", async () => {
    await door().renewCredentials(caller);
    expect(await stored()).toEqual({ tables: [], keys: [], alarmMs: null });
    await door().askRuns({ principalId: "github:7", caller, session: "s" }, "start", [{ definition, inputs: {} }]);
    expect((await stored()).tables).not.toEqual([]); // the control
  });

  it("brings its token to the runs of its grant", async () => {
    await door().askRuns({ principalId: "github:7", caller, session: "s" }, "start", [{ definition, inputs: {} }]);
    const sealed = () => runInDurableObject(home(), (_, { storage }) => storage.sql.exec("SELECT sealed FROM runs").one().sealed);
    await expect.poll(() => runInDurableObject(home(), (_, { storage }) => stateOf(storage))).toBe("waiting");
    const before = await sealed();
    await door().renewCredentials({ ...caller, credentials: { ...caller.credentials, lastingProof: "another" } });
    expect(await sealed()).toBe(before); // the control: another grant's
    await door().renewCredentials({ ...caller, credentials: { ...caller.credentials, githubToken: "gho_second" } });
    expect(await sealed()).not.toBe(before);
  });
});
