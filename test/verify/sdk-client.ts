import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { RequestOptions } from "@modelcontextprotocol/sdk/shared/protocol.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { type CallToolRequest, ElicitRequestSchema, type ElicitResult } from "@modelcontextprotocol/sdk/types.js";
import { collectSteps } from "./progress-steps.ts";
import type { Expect } from "./run-check.ts";
import type { Row } from "./wire.ts";

/** Connects SDK v1's client over a transport and tries progress, questions and cancellation. */
export async function expectSdkClient(expect: Expect, who: string, transport: Transport): Promise<void> {
  const person = createPerson();
  const client = new Client({ name: "verify", version: "1" }, { capabilities: { elicitation: { form: {} } } });
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => person.ask(params.message));
  const steps = collectSteps(transport);
  await client.connect(transport);
  try {
    await expectProgress(expect, who, client, steps);
    await expectAnswers(expect, who, client, person);
    await expectCancelled(expect, who, client, person);
  } finally {
    await client.close();
  }
}

async function expectProgress(expect: Expect, who: string, client: Client, steps: readonly unknown[]): Promise<void> {
  const heard: number[] = [];
  const call = { name: "echo_detachable", arguments: { text: "slowly", steps: 4, delayMs: 50 } };
  const { structuredContent } = await client.callTool(call, undefined, { onprogress: ({ progress }) => void heard.push(progress) });
  const isWhole = steps.join() === "1,2,3,4" && heard.slice(0, 3).join() === "1,2,3";
  const isAnswered = isEqual(structuredContent, { status: "done", text: "slowly" });
  expect(`${who}: hears each step of a slow call before its answer`, isWhole && isAnswered, { steps, heard, structuredContent });
}

async function expectAnswers(expect: Expect, who: string, client: Client, person: Person): Promise<void> {
  const askName = async (reply: ElicitResult) => {
    person.reply = reply;
    return (await client.callTool({ name: "ask_name", arguments: {} })).structuredContent;
  };
  const accepted = await askName({ action: "accept", content: { name: "Ada" } });
  expect(`${who}: a form that is filled in reaches the tool`, isEqual(accepted, { action: "accept", name: "Ada" }), accepted);
  const declined = await askName({ action: "decline" });
  expect(`${who}: a form that is declined does, too`, isEqual(declined, { action: "decline" }), declined);
  expect(`${who}: the person saw each question once`, person.asked.join() === "Who are you?,Who are you?", person.asked);
}

async function expectCancelled(expect: Expect, who: string, client: Client, person: Person): Promise<void> {
  const { promise: reported, resolve: onprogress } = Promise.withResolvers<void>();
  const long = { name: "echo_detachable", arguments: { text: "for long", steps: 1000, delayMs: 100 } };
  const working = await cancelDuring(reported, client, long, { onprogress: () => onprogress() });
  expect(`${who}: a call that is cancelled is recorded so within a second`, isCancelled(working), working);

  person.reply = undefined;
  const asking = await cancelDuring(person.nextQuestion(), client, { name: "ask_name", arguments: {} });
  expect(`${who}: so is one whose person has not answered yet`, isCancelled(asking), asking);
}

/** What became of a call: `before` is what the history said while it ran, and the control for `after`. */
interface Cancelled {
  readonly before: string | undefined;
  readonly ended: "answered" | "rejected";
  readonly after: string | undefined;
  readonly tookMs: number;
}

async function cancelDuring(
  underWay: Promise<void>,
  client: Client,
  call: CallToolRequest["params"],
  options: RequestOptions = {}
): Promise<Cancelled> {
  const controller = new AbortController();
  const calling = client.callTool(call, undefined, { ...options, signal: controller.signal }).then(
    () => "answered" as const,
    () => "rejected" as const
  );
  await Promise.race([underWay, calling]);
  const before = await latestOutcome(client, call.name);
  const cancelledMs = Date.now();
  controller.abort();
  const ended = await calling;
  let after = await latestOutcome(client, call.name);
  while (after === "running" && Date.now() - cancelledMs < CANCELLED_WITHIN_MS) {
    await sleep(20);
    after = await latestOutcome(client, call.name);
  }
  return { before, ended, after, tookMs: Date.now() - cancelledMs };
}

const isCancelled = ({ before, ended, after, tookMs }: Cancelled): boolean =>
  before === "running" && ended === "rejected" && after === "cancelled" && tookMs < CANCELLED_WITHIN_MS;

const CANCELLED_WITHIN_MS = 1000;

async function latestOutcome(client: Client, tool: string): Promise<string | undefined> {
  const { structuredContent } = await client.callTool({ name: "list_calls", arguments: { session: "this", tool, limit: 1 } });
  const { calls } = structuredContent as { calls: readonly Row[] }; // the output schema of list_calls
  return calls[0]?.outcome;
}

/** Who answers the forms. */
interface Person {
  /** What the next question gets; `undefined`: it is looked at for ever. */
  reply: ElicitResult | undefined;
  readonly asked: readonly string[];
  ask(message: string): Promise<ElicitResult>;
  nextQuestion(): Promise<void>;
}

function createPerson(): Person {
  const asked: string[] = [];
  let onQuestion = () => {};
  return {
    reply: undefined,
    asked,
    async ask(message) {
      asked.push(message);
      onQuestion();
      return this.reply ?? new Promise(() => {});
    },
    nextQuestion: () =>
      new Promise((resolve) => {
        onQuestion = resolve;
      })
  };
}

const isEqual = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
