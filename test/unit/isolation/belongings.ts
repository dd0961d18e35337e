import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { readConfig } from "../../../src/config.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { homeNameOf } from "../../../src/mcp/doors/home-name.ts";
import { sealState } from "../../../src/mcp/requests/request-state.ts";
import type { Keyring } from "../../../src/mcp/signed/keyring.ts";
import { parseEvents } from "../../support/session.ts";
import { envelope, toHeaders } from "../../support/stateless.ts";
import { begin, createCaller, type Somebody, send, stubOf } from "../session/in-worker.ts";
import { remoteResultsOf } from "../session/remote-results-of.ts";
import { openSocket } from "./client.ts";

/** What somebody has that can be named, by the kind of name. */
export interface Names {
  readonly session: string;
  /** Of a WebSocket in that session. */
  readonly socket: string;
  /** Of an event of a stream in that session. */
  readonly event: string;
  readonly call: string;
  readonly statelessCall: string;
  readonly cursor: string;
  readonly ses: string;
  readonly waitingRun: string;
  readonly failedRun: string;
  readonly endedRun: string;
  readonly workflow: string;
  readonly result: string;
  /** A `requestState` of a request to `STATE_TOOL`. */
  readonly state: string;
}

export type NameKind = keyof Names;

/** The tool and the arguments that a `requestState` belongs to. */
export const STATE_TOOL = { name: "list_calls", arguments: { limit: 1 } } as const satisfies JsonObject;

/** Somebody with one of everything, and the objects that keep it. */
export interface Owner {
  readonly somebody: Somebody;
  readonly names: Names;
  readonly objects: readonly DurableObjectStub[];
}

const WAITS = { name: "hers_alone", steps: [{ id: "ask", kind: "approval", message: "Shall the burrow be dug?" }] };
const FAILS = { workflow: "repository_report" }; // it was not told on what

/** Gives somebody one of everything, all of it settled and shipped: nothing of it changes by itself. */
export async function furnish(somebody: Somebody): Promise<Owner> {
  const { headers, id } = somebody;
  const session = await begin(headers);
  const [here, stateless] = [createCaller(headers, session), createCaller(headers)];
  const progress = { name: "long_operation", arguments: { steps: 2, delayMs: 1 }, _meta: { progressToken: 1 } };
  const stream = await send("POST", session, { id: 1, method: "tools/call", params: progress }, headers);
  const event = parseEvents(await stream.text()).findLast(({ id: its }) => its !== undefined)?.id ?? "";
  await stateless("long_operation", { steps: 3, delayMs: 0 });
  const socket = await nameOfSocket(headers, session);
  await here("define_workflow", { definition: WAITS });
  const start = async (call: typeof here, args: object) => String((await call("start_workflow", args)).run);
  const waitingRun = await start(here, { definition: WAITS });
  const failedRun = await start(stateless, FAILS);
  const endedRun = await start(stateless, { definition: WAITS });
  for (const run of [waitingRun, failedRun, endedRun]) await stateless("get_run", { run, waitSeconds: 8 });
  await stateless("signal_run", { run: endedRun, approved: true });
  await stateless("get_run", { run: endedRun, waitSeconds: 8 });
  await runDurableObjectAlarm(stubOf(session)); // ships
  const { calls } = (await stateless("list_calls", { limit: 100 })) as { calls: { call: string; session?: string }[] };
  const stored = await remoteResultsOf(id).begin({ tool: "long_operation", title: "Hers alone", type: "text/plain" });
  await stored.write("The burrow is under the old oak.");
  const { result } = await stored.end();
  const { nextCursor } = await stateless("list_calls", { limit: 1 });
  return {
    somebody,
    names: {
      ...{ session, socket, event, waitingRun, failedRun, endedRun, result, workflow: WAITS.name, cursor: String(nextCursor) },
      call: calls.find((call) => call.session !== undefined)?.call ?? "",
      statelessCall: calls.find((call) => call.session === undefined)?.call ?? "",
      ses: calls.find((call) => call.session !== undefined)?.session ?? "",
      state: stateOf(id)
    },
    objects: [stubOf(session), homeOf(id)]
  };
}

/**
 * The same owner with a call at work in a session and one in the stateless era, by whose handles their calls go. Neither writes anything
 * while it runs: what they say of their progress is in memory, and a call that reports it does not detach.
 */
export async function setToWork({ somebody, names, objects }: Owner): Promise<Owner> {
  const { headers } = somebody;
  const call = { name: "long_operation", arguments: { steps: 10_000, delayMs: 50 } };
  const toRequest = (meta: object) => ({ id: 1, method: "tools/call", params: { ...call, _meta: { ...meta, progressToken: 1 } } });
  const streams = [
    await send("POST", names.session, toRequest({}), headers),
    await send("POST", undefined, toRequest(envelope()), { ...toHeaders("tools/call", call), ...headers })
  ];
  for (const stream of streams) stream.text().catch(() => {}); // who does not read has gone
  await runDurableObjectAlarm(stubOf(names.session)); // ships
  const { calls } = (await createCaller(headers)("list_calls", { outcome: "running" })) as { calls: { call: string; session?: string }[] };
  const [here, there] = [calls.find(({ session }) => session !== undefined), calls.find(({ session }) => session === undefined)];
  if (!here || !there) throw new Error(`These are running: ${JSON.stringify(calls)}`);
  return { somebody, objects, names: { ...names, call: here.call, statelessCall: there.call } };
}

async function nameOfSocket(headers: Record<string, string>, session: string): Promise<string> {
  const socket = await openSocket(headers, session);
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "a socket", version: "1" } };
  const answer = JSON.parse(await socket.ask("initialize", params)) as { result: { _meta: Record<string, string> } };
  return answer.result._meta["dormouse/socket"] ?? "";
}

/** A state as the home of a principal would seal it. */
export function stateOf(principalId: string): string {
  const owner = { principalId, method: "tools/call", params: STATE_TOOL };
  return sealState(keyring(), owner, { replies: {}, call: undefined, expiresMs: Date.now() + 60_000 });
}

/** The keys of the server under test. */
export function keyring(): Keyring {
  const { keyring: known } = readConfig(env);
  if (!known) throw new Error("The server under test has a secret.");
  return known;
}

/** The object that owns what belongs to a principal. */
export const homeOf = (principalId: string) => env.HOME.get(env.HOME.idFromName(`home:${homeNameOf(principalId)}`));

/** All that an object holds, as text: its tables, its keys, and what its sockets carry. */
export const dump = (object: DurableObjectStub): Promise<string> =>
  runInDurableObject(object, (_, state) => {
    const { storage } = state;
    const tables = storage.sql
      .exec("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'")
      .toArray();
    const rows = tables.map(({ name }) => [name, storage.sql.exec(`SELECT * FROM "${name}"`).toArray()]);
    const attachments = state.getWebSockets().map((socket) => socket.deserializeAttachment());
    return JSON.stringify([rows, [...storage.kv.list()], attachments], (_key, value: unknown) =>
      value instanceof ArrayBuffer ? Buffer.from(value).toString("latin1") : value
    );
  });

/** Makes an object forget what it has in memory, if it is in memory; its sockets stay. */
export const chill = (object: DurableObjectStub): Promise<void> =>
  evictDurableObject(object, { webSockets: "hibernate" }).catch((error: Error) => {
    if (!error.message.includes("not currently running")) throw error;
  });

/** Takes all that an object stores, as a sweep does, and its sockets. */
export async function purge(object: DurableObjectStub): Promise<void> {
  await runInDurableObject(object, async (_, state) => {
    for (const socket of state.getWebSockets()) socket.close(1000);
    await state.storage.deleteAlarm();
    await state.storage.deleteAll();
  });
  await chill(object);
}
