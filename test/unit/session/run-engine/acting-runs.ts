import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { DEFAULTS, readConfig } from "../../../../src/config.ts";
import { Deadlines } from "../../../../src/lib/deadlines.ts";
import type { JsonObject } from "../../../../src/lib/json.ts";
import { createCatalog } from "../../../../src/mcp/catalog.ts";
import type { Keys } from "../../../../src/mcp/idempotency.ts";
import { type Caller, NO_CREDENTIALS, type Principal, SCOPES } from "../../../../src/mcp/principal.ts";
import { RunningCalls } from "../../../../src/mcp/running-calls.ts";
import { createKeyring } from "../../../../src/mcp/signed/keyring.ts";
import { unseal } from "../../../../src/mcp/signed/seal.ts";
import { workflowDefinition } from "../../../../src/mcp/workflow.ts";
import { RunEngine, type RunEngineOptions } from "../../../../src/session/run-engine/run-engine.ts";
import { SessionHost, type SessionHostOptions } from "../../../../src/session/session-host.ts";
import { HomeRecord } from "../../../../src/stores/home-record.ts";
import { type RunRow, RunStore } from "../../../../src/stores/runs.ts";
import { createNote, readNote } from "../../../fixtures/notes.ts";

export const keyring = createKeyring("a secret of a test that is long enough for it");
const catalog = createCatalog({
  info: { name: "acting", title: "Acting", version: "0" },
  instructions: "",
  tools: [createNote, readNote],
  prompts: [],
  resources: []
});

/** What left for GitHub. */
export interface Sent {
  readonly method: string;
  /** Of an issue that is opened. */
  readonly title: string | undefined;
  /** Without the scheme. */
  readonly token: string | undefined;
}

/** Runs that act on a GitHub of the test's own. */
export interface Bench {
  readonly engine: RunEngine;
  readonly store: RunStore;
  readonly storage: DurableObjectStorage;
  readonly sent: Sent[];
  /** Those whose grant was ended. */
  readonly ended: Caller[];
  /** When the object was told to wake. */
  readonly wakes: number[];
  /** The proofs that hold no more; an error stands for a store that cannot be read. */
  revoked: Set<string | undefined> | Error;
  /** The tokens that GitHub refuses. */
  readonly refused: Set<string | undefined>;
  /** Answers in place of GitHub, where it is given. */
  respond: ((sent: Sent) => Promise<Response> | Response) | undefined;
  start(caller: Caller, steps: object[], inputs?: JsonObject): number;
  run(seq: number): RunRow | undefined;
  /** Waits until a run is in a state. */
  reach(seq: number, state: RunRow["state"]): Promise<RunRow>;
  /** What is sealed of a run; `undefined` where nothing is. */
  opened(seq: number): JsonObject | undefined;
  /** An engine of the same rows: all that memory held is lost. */
  lose(): RunEngine;
}

/** A person, signed in. */
export const personOf = (githubToken: string, grant = "grant:1", scopes: Principal["scopes"] = SCOPES): Caller => ({
  principal: { id: "github:7", kind: "github", clientId: "a-client", scopes },
  credentials: { ...NO_CREDENTIALS, proof: `token:${githubToken}`, lastingProof: grant, githubToken }
});

/** Who holds a key. */
export const holderOf = (hash: string): Caller => ({
  principal: { id: "key:kid", kind: "key", clientId: "kid", scopes: SCOPES },
  credentials: { ...NO_CREDENTIALS, proof: hash, lastingProof: hash }
});

export const note = (id: string, more: object = {}) => ({
  ...{ id, kind: "tool", tool: "create_note", arguments: { owner: "octo", repo: "notes", title: id } },
  ...more
});

export const ask = { id: "ask", kind: "approval", message: "?" };

/** Has runs act in a home of their own. GitHub answers well, but to the tokens that it refuses. */
export function withRuns(act: (bench: Bench) => Promise<void>): Promise<void> {
  const name = `home:acting-${crypto.randomUUID()}`;
  return runInDurableObject(env.HOME.get(env.HOME.idFromName(name)), async (_, { storage }) => {
    const store = new RunStore(storage, new HomeRecord(storage, () => {}));
    const createEngine = () => new RunEngine({ ...toOptions(() => bench), store });
    const run = (seq: number) => store.get(seq);
    const bench: Bench = {
      ...{ store, storage, run, engine: createEngine(), lose: createEngine },
      ...{ sent: [], ended: [], wakes: [], revoked: new Set(), refused: new Set(), respond: undefined },
      start: (caller, steps, inputs = {}) =>
        bench.engine.start(workflowDefinition.parse({ name: "acts", steps }), inputs, caller, "s", false),
      reach: (seq, state) =>
        vi.waitFor(() => {
          const row = run(seq);
          if (row?.state !== state) throw new Error(`It is ${row?.state}: ${row?.error}`);
          return row;
        }),
      opened(seq) {
        const sealed = run(seq)?.sealed;
        const text = sealed === undefined ? undefined : unseal(keyring, "run", sealed);
        return text === undefined ? undefined : (JSON.parse(text) as JsonObject);
      }
    };
    const github = vi.spyOn(globalThis, "fetch").mockImplementation(async (_url, init = {}) => answer(bench, init as RequestInit));
    try {
      await act(bench);
    } finally {
      github.mockRestore();
    }
  });
}

function answer({ sent, refused, respond }: Bench, { method = "GET", headers, body }: RequestInit): Promise<Response> | Response {
  const token = new Headers(headers).get("authorization")?.split(" ")[1];
  const title = typeof body === "string" ? (JSON.parse(body) as { title?: string }).title : undefined;
  const request = { method, title, token };
  sent.push(request);
  if (respond) return respond(request);
  if (refused.has(token)) return Response.json({ message: "Bad credentials" }, { status: 401 });
  return Response.json({ number: sent.length, html_url: `https://github.test/${sent.length}`, title: "a note" }, { status: 201 });
}

function toOptions(bench: () => Bench): Omit<RunEngineOptions, "store"> {
  const slice = catalog.sliceAt("/x/all");
  if (!slice) throw new Error("Every catalog has all of itself.");
  const host = new SessionHost({
    owner: "home",
    config: { ...readConfig(env), github: { apiUrl: "https://github.test", token: "the-server's" } },
    keyring,
    calls: { append: () => 1, open: () => 1, reopen() {}, noteResult() {}, settle() {} },
    ...{ deadlines: new Deadlines(), running: new RunningCalls(), limits: DEFAULTS.call },
    resourcesOfCalls: [],
    permits: { take: () => undefined },
    keys: { claim: () => Promise.reject(new Error("Nothing has a key.")) } satisfies Keys,
    endAccess: async (caller) => void bench().ended.push(caller),
    announce() {}
  } as Partial<SessionHostOptions> as SessionHostOptions); // no tool here asks for a history, or for runs
  return {
    ...{ keyring: () => keyring, slice: () => slice, host: () => host, shipped: [], concurrency: 4, lookMs: 30_000 },
    async isStillValid(_principal, proof) {
      const { revoked } = bench();
      if (revoked instanceof Error) throw revoked;
      return !revoked.has(proof);
    },
    wakeAt: (atMs) => void bench().wakes.push(atMs),
    hold() {},
    onIdle() {},
    onChange() {}
  };
}
