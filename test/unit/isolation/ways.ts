import { exports } from "cloudflare:workers";
import { mintHandle } from "../../../src/mcp/signed/handle.ts";
import { type Somebody, send } from "../session/in-worker.ts";
import { keyring, type NameKind, STATE_TOOL, stateOf } from "./belongings.ts";
import { type Client, textOf, UPGRADE, type Wire } from "./client.ts";

/** One way in which something can be named. */
export interface Way {
  /** `<tool>.<field>` where it is a field of a tool, the template where it is a resource. */
  readonly id: string;
  readonly names: NameKind;
  /** The wires on which it differs. */
  readonly wires: readonly Wire[];
  /** Its owner is answered as anybody is. */
  readonly isAnsweredAlike?: boolean;
  /** Tries to reach what a name stands for; the whole answer. */
  attempt(client: Client, name: string): Promise<string>;
}

const ALL: readonly Wire[] = ["HTTP", "WebSocket", "stateless"];

/** A field of a tool. */
const field = (tool: string, name: string, names: NameKind, more: object = {}): Way => ({
  id: `${tool}.${name}`,
  ...{ names, wires: ALL },
  attempt: (client, given) => client.ask("tools/call", { name: tool, arguments: { [name]: name === "calls" ? [given] : given, ...more } })
});

const FIELDS: readonly Way[] = [
  field("get_call", "call", "call"),
  field("get_call", "call", "statelessCall"),
  field("cancel_call", "call", "call"),
  field("cancel_call", "call", "statelessCall"),
  ...["list_calls", "summarize_activity", "export_calls"].map((tool) => field(tool, "session", "ses")),
  ...["list_calls", "export_calls"].map((tool) => field(tool, "cursor", "cursor")),
  field("list_workflows", "workflow", "workflow"),
  field("start_workflow", "workflow", "workflow"),
  ...(["waitingRun", "failedRun", "endedRun"] as const).map((names) => field("get_run", "run", names)),
  field("retry_run", "run", "failedRun"),
  field("signal_run", "run", "waitingRun", { approved: true }),
  field("cancel_run", "run", "waitingRun"),
  field("delete_run", "run", "endedRun"),
  ...["read_result", "delete_result"].map((tool) => field(tool, "result", "result")),
  field("list_results", "cursor", "result"),
  field("delete_calls", "calls", "call"),
  field("delete_calls", "calls", "statelessCall"),
  field("delete_calls", "session", "ses", { tool: "define_workflow" })
];

const RESOURCES: readonly Way[] = [
  {
    id: "run://{run}",
    ...{ names: "waitingRun", wires: ALL },
    attempt: ({ ask }, run) => ask("resources/read", { uri: `run://${run}` })
  },
  {
    id: "result://{result}",
    ...{ names: "result", wires: ALL },
    attempt: ({ ask }, result) => ask("resources/read", { uri: `result://${result}` })
  },
  ...["GET", "HEAD"].map(
    (method): Way => ({
      id: `${method} /results/{result}`,
      ...{ names: "result", wires: ["HTTP"] },
      attempt: async ({ headers }, result) => textOf(await exports.default.fetch(`http://localhost/results/${result}`, { method, headers }))
    })
  )
];

const STATES: readonly Way[] = [
  {
    id: "requestState",
    ...{ names: "state", wires: ["stateless"] },
    attempt: ({ ask }, requestState) => ask("tools/call", { ...STATE_TOOL, requestState })
  }
];

/** What can be tried with a call that is running: it would not outlive the sleep of its object, so others are tried where it is awake. */
export const WAYS_TO_RUNNING: readonly Way[] = (["call", "statelessCall"] as const).flatMap((names) => [
  field("get_call", "call", names),
  field("get_call", "call", names, { waitSeconds: 1 }),
  field("delete_calls", "calls", names),
  field("cancel_call", "call", names)
]);

/** A request that is none of a client's own session. */
const route = (id: string, names: NameKind, attempt: Way["attempt"]): Way => ({ id, names, wires: ["HTTP"], attempt });

const request = async (...parameters: Parameters<typeof send>): Promise<string> => textOf(await send(...parameters), parameters[0]);

const CALL = { id: 1, method: "tools/call", params: { name: "list_calls", arguments: {} } };

const ROUTES: readonly Way[] = [
  route("POST tools/list", "session", ({ headers }, id) => request("POST", id, { id: 1, method: "tools/list" }, headers)),
  route("POST tools/call", "session", ({ headers }, id) => request("POST", id, CALL, headers)),
  route("POST notification", "session", ({ headers }, id) => request("POST", id, { method: "notifications/initialized" }, headers)),
  route("POST answer", "session", ({ headers }, id) => request("POST", id, { id: "0:0", result: {} }, headers)),
  route("GET", "session", ({ headers }, id) => request("GET", id, undefined, headers)),
  route("upgrade by header", "session", ({ headers }, id) => request("GET", id, undefined, { ...UPGRADE, ...headers })),
  route("upgrade by query", "session", ({ headers }, id) =>
    request("GET", undefined, undefined, { ...UPGRADE, ...headers }, `?session=${id}`)
  ),
  {
    // Whoever resumes a socket is let in, whether or not there was one: what tells is what was kept for it.
    ...route("resume in one's own session", "socket", ({ headers, session }, name) =>
      request("GET", session, undefined, { ...UPGRADE, ...headers }, `?resume=${name}`)
    ),
    isAnsweredAlike: true
  },
  route("Last-Event-ID in one's own session", "event", ({ headers, session }, event) =>
    request("GET", session, undefined, { "last-event-id": event, ...headers })
  ),
  route("DELETE", "session", ({ headers }, id) => request("DELETE", id, undefined, headers)),
  field("end_session", "session", "ses")
];

/** Every way, those that destroy last. */
export const WAYS: readonly Way[] = [...STATES, ...RESOURCES, ...FIELDS, ...ROUTES];

/** Names of a kind that stand for nothing: well formed, and where that can be, genuine names of whoever asks. */
export function namesOfNothing(kind: NameKind, { id }: Somebody, genuine: string): readonly string[] {
  switch (kind) {
    case "session":
      return [shift(genuine), "no-session"];
    case "socket":
    case "event":
      return [shift(genuine)];
    case "workflow":
      return ["nobodys_own"];
    case "state":
      return [stateOf("github:0"), shift(genuine)];
    case "cursor":
      return [shift(genuine)];
    default: {
      const [handle = ""] = genuine.split("_");
      const owner = "00000000";
      return [shift(genuine), mintHandle(keyring(), id, { kind: handle as "call", owner, seq: 1 })];
    }
  }
}

/** The same text but for its last letter. */
export const shift = (text: string): string => `${text.slice(0, -1)}${text.endsWith("0") ? "1" : "0"}`;
