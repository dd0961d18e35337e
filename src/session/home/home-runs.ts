import type { Json } from "../../lib/json.ts";
import { utf8Bytes } from "../../lib/text.ts";
import type { RunAsker } from "../../mcp/doors/home-door.ts";
import { Denied, InvalidInput, NotFound, QuotaReached, TooLarge } from "../../mcp/errors.ts";
import { type Fault, sayFaults } from "../../mcp/faults.ts";
import { isEnded, type RunDetails, type RunRecord, type RunRequest, type Runs, type StepRecord } from "../../mcp/runs.ts";
import { mintHandle, readHandle } from "../../mcp/signed/handle.ts";
import type { Keyring } from "../../mcp/signed/keyring.ts";
import { readInputs } from "../../mcp/workflow/run-inputs.ts";
import type { ShippedWorkflow, WorkflowDefinition } from "../../mcp/workflow.ts";
import type { RunRow, RunStore, StepRow } from "../../stores/runs.ts";
import type { WorkflowStore } from "../../stores/workflows.ts";
import type { RunEngine } from "../run-engine/run-engine.ts";
import { placeOf } from "./run-place.ts";

/** What the runs of a principal are made of. */
export interface HomeRunsOptions {
  readonly store: RunStore;
  readonly workflows: WorkflowStore;
  readonly engine: RunEngine;
  readonly keyring: Keyring;
  readonly shipped: readonly ShippedWorkflow[];
  /** How many runs may be open at a time. */
  readonly maxOpen: number;
  /** The short name of home itself. */
  readonly own: string;
  /** What is wrong with a definition that did not come with the server. */
  faultsOf(definition: WorkflowDefinition): readonly Fault[];
}

/** The workflows and runs of a principal, as whoever asks sees them. */
export function createHomeRuns(options: HomeRunsOptions, { caller, session }: RunAsker): Runs {
  const { store, workflows, engine, keyring, shipped, maxOpen, own, faultsOf } = options;

  const { principal } = caller;

  const toHandle = (seq: number) => mintHandle(keyring, principal.id, { kind: "run", owner: own, seq });

  const find = (text: string): RunRow => {
    const handle = readHandle(keyring, principal.id, text);
    const row = handle?.kind === "run" && handle.owner === own ? store.get(handle.seq) : undefined;
    if (!row) throw new NotFound(`No run of yours has the handle ${text}. Use list_runs to find the right one.`);
    return row;
  };

  const toRecord = (row: RunRow, steps: readonly StepRow[] = store.outlines(row.seq)): RunRecord => {
    const definition = JSON.parse(row.definition) as WorkflowDefinition;
    const waitsFor = row.state === "waiting" ? steps.find(({ state }) => state === "waiting")?.message : undefined;
    const isSignedOut = row.state === "signed_out";
    return {
      run: toHandle(row.seq),
      ...{ workflow: row.workflow, state: row.state, createdMs: row.createdMs, updatedMs: row.updatedMs },
      ...placeOf(definition, steps),
      ...(isSignedOut ? { waitsFor: row.error, error: undefined } : { waitsFor, error: row.error }),
      dueMs: row.state === "sleeping" ? row.dueMs : undefined,
      total: definition.steps.length
    };
  };

  const requireSound = (definition: WorkflowDefinition) => {
    const faults = faultsOf(definition);
    if (faults.length > 0) throw new InvalidInput(`The workflow has faults, and nothing was started.\n${sayFaults(faults)}`);
  };

  const requireRoom = () => {
    const open = store.countOpen();
    if (open < maxOpen) return;
    const names = store.listOpen(MAX_LISTED).map((row) => `${toHandle(row.seq)} (${row.workflow}, ${row.state})`);
    const sentence = `${open} runs are open, and ${maxOpen} may be: ${names.join(", ")}. Cancel one, or wait for its end.`;
    throw new QuotaReached(sentence, { limit: "open_runs", maxOpen });
  };

  /** Clients of one person have scopes of their own: what one may not do it may not have done by a run of another. */
  const requireScopesOf = (row: RunRow) => {
    const missing = engine.scopesOf(row).filter((scope) => !principal.scopes.includes(scope));
    if (missing.length === 0) return;
    const sentence = `The run acts with the scope ${missing.join(" and ")}, which your credentials do not have`;
    throw new Denied(`${sentence}: approve of it from a client that has it. Nothing was changed.`);
  };

  const requireSize = (value: Json, what: string, maxBytes: number) => {
    const bytes = utf8Bytes(JSON.stringify(value));
    if (bytes <= maxBytes) return;
    throw new TooLarge(`${what} takes ${Math.ceil(bytes / 1024)} KiB, and may take ${maxBytes / 1024} KiB. Nothing was changed.`);
  };

  const definitionOf = ({ workflow, definition }: RunRequest): { definition: WorkflowDefinition; isShipped: boolean } => {
    if (definition) return { definition, isShipped: false };
    const ours = shipped.find((candidate) => candidate.definition.name === workflow);
    if (ours) return { definition: ours.definition, isShipped: true };
    const stored = workflow === undefined ? undefined : workflows.get(workflow);
    if (stored === undefined) throw new NotFound(`There is no workflow ${workflow}. Use list_workflows for those that there are.`);
    return { definition: JSON.parse(stored) as WorkflowDefinition, isShipped: false };
  };

  return {
    async define(definition) {
      if (shipped.some((candidate) => candidate.definition.name === definition.name))
        throw new InvalidInput(`${definition.name} is a workflow of the server. Give yours another name.`);
      requireSize(definition as unknown as Json, "The workflow", MAX_DEFINITION_BYTES);
      requireSound(definition);
      if (workflows.get(definition.name) === undefined && workflows.count() >= MAX_WORKFLOWS)
        throw new QuotaReached(
          `${MAX_WORKFLOWS} workflows are kept, and no more may be. Give this one the name of one that you need no more.`,
          {
            limit: "workflows",
            maxWorkflows: MAX_WORKFLOWS
          }
        );
      return workflows.put({ name: definition.name, definition: JSON.stringify(definition) });
    },

    async workflows() {
      const toSummary = (definition: WorkflowDefinition, isShipped: boolean) => {
        const { name, title, description, inputs, steps } = definition;
        return { name, title, description, inputs, steps: steps.length, isShipped };
      };
      return [
        ...shipped.map(({ definition }) => toSummary(definition, true)),
        ...workflows.list().map(({ definition }) => toSummary(JSON.parse(definition) as WorkflowDefinition, false))
      ];
    },

    async start(request) {
      const { definition, isShipped } = definitionOf(request);
      requireSize(definition as unknown as Json, "The workflow", MAX_DEFINITION_BYTES);
      if (!isShipped) requireSound(definition);
      const inputs = readInputs(definition, request.inputs);
      requireSize(inputs, "What the run is started with", MAX_INPUTS_BYTES);
      requireRoom();
      const seq = engine.start(definition, inputs, caller, session, isShipped);
      return toRecord(find(toHandle(seq)));
    },

    async get(text, waitMs): Promise<RunDetails> {
      const { seq } = find(text);
      if (waitMs > 0) await engine.settled(seq, waitMs);
      const row = find(text);
      const steps = inOrder(store.outlines(seq), JSON.parse(row.definition) as WorkflowDefinition);
      return { ...toRecord(row, steps), steps: steps.map(toStep), output: row.output === undefined ? undefined : JSON.parse(row.output) };
    },

    async list({ state, limit }) {
      return store.list(state, limit).map((row) => toRecord(row));
    },

    async signal(text, { approved, note }) {
      const row = find(text);
      if (row.state === "signed_out")
        throw new InvalidInput(`The run waits for no decision: it is signed_out. ${row.error} Nothing was changed.`);
      const waiting = store.outlines(row.seq).find(({ state }) => state === "waiting");
      if (row.state !== "waiting" || !waiting)
        throw new InvalidInput(`The run does not wait for anybody: it is ${row.state}. Nothing was changed.`);
      if (approved) requireScopesOf(row);
      const output = JSON.stringify({ approved, note: note ?? null });
      const endedMs = Date.now();
      if (approved) {
        store.putStep({ ...waiting, state: "ok", endedMs, output });
        store.park(row.seq, "running");
        engine.kick(row.seq);
      } else {
        store.putStep({ ...waiting, state: "cancelled", endedMs, output });
        await engine.cancel(row.seq);
      }
      return toRecord(find(text));
    },

    async cancel(text) {
      const row = find(text);
      if (isEnded(row.state)) throw new InvalidInput(`The run has ended: it is ${row.state}. Nothing was changed.`);
      await engine.cancel(row.seq);
      return toRecord(find(text));
    },

    async retry(text) {
      const row = find(text);
      if (row.state === "unknown")
        throw new InvalidInput(
          "Nobody knows whether the last write took effect, so it is not made again. Look whether it did, and start a new run."
        );
      if (row.state !== "failed")
        throw new InvalidInput(`Only a run that failed is taken up again: this one is ${row.state}. Nothing was changed.`);
      requireRoom();
      engine.retry(row.seq, caller);
      return toRecord(find(text));
    },

    async remove(text) {
      const row = find(text);
      if (!isEnded(row.state)) throw new InvalidInput(`The run has not ended: it is ${row.state}. Cancel it first.`);
      store.remove(row.seq);
    }
  };
}

const MAX_LISTED = 100;

/** A row holds 2 MB: a definition, the inputs, which sealed are longer by a third, and 512 KiB of output. A list reads 100 definitions. */
const MAX_DEFINITION_BYTES = 256 * 1024;
const MAX_INPUTS_BYTES = 512 * 1024;

/** How many definitions are kept: a list reads them all. */
const MAX_WORKFLOWS = 100;

/** As the definition has them, each followed by its items. */
function inOrder(steps: readonly StepRow[], definition: WorkflowDefinition): readonly StepRow[] {
  const places = new Map(definition.steps.map(({ id }, place) => [id, place]));
  const orderOf = ({ path }: StepRow) => {
    const [id = "", item] = path.split("/");
    return { step: places.get(id) ?? places.size, item: item === undefined ? -1 : Number(item) };
  };
  return steps
    .map((step) => ({ step, place: orderOf(step) }))
    .sort(({ place: a }, { place: b }) => a.step - b.step || a.item - b.item)
    .map(({ step }) => step);
}

const toStep = ({ path, state, attempt, startedMs, endedMs, message }: StepRow): StepRecord => ({
  path,
  state,
  attempt,
  startedMs,
  endedMs,
  message
});
