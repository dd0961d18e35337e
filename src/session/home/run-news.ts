import type { SessionDoor } from "../../mcp/doors/home-door.ts";
import { isEnded } from "../../mcp/runs.ts";
import { mintHandle } from "../../mcp/signed/handle.ts";
import type { Keyring } from "../../mcp/signed/keyring.ts";
import type { WorkflowDefinition } from "../../mcp/workflow.ts";
import type { HomeSessions } from "../../stores/home-sessions.ts";
import type { RunRow, RunStore } from "../../stores/runs.ts";
import { placeOf } from "./run-place.ts";

/** What {@link RunNews} are made of. */
export interface RunNewsOptions {
  readonly store: RunStore;
  readonly sessions: HomeSessions;
  readonly keyring: () => Keyring;
  /** The short name of home itself. */
  readonly own: string;
  sessionDoor(name: string): SessionDoor;
  /** Tells those who listen to home. */
  announce(change: { readonly resource: string }): void;
}

/** Tells of runs: whoever listens of each step, and the session that started one of each state that it comes to. */
export class RunNews {
  readonly #options: RunNewsOptions;
  readonly #told = new Map<number, string>();
  #principalId: string | undefined;

  constructor(options: RunNewsOptions) {
    this.#options = options;
  }

  /** Handles are minted for the principal, whom only a request names. */
  meet(principalId: string): void {
    this.#principalId ??= principalId;
  }

  tell(run: RunRow): void {
    const { own, keyring, announce } = this.#options;
    if (this.#principalId === undefined) return; // nobody has asked since the object was lost, so nobody listens
    const handle = mintHandle(keyring(), this.#principalId, { kind: "run", owner: own, seq: run.seq });
    announce({ resource: `run://${handle}` });
    if (this.#told.get(run.seq) === run.state) return;
    if (isEnded(run.state)) this.#told.delete(run.seq);
    else this.#told.set(run.seq, run.state);
    if (run.session !== own) this.#tellSession(run, handle);
  }

  #tellSession({ seq, session: ref, workflow, definition, state, updatedMs }: RunRow, run: string): void {
    const { store, sessions, sessionDoor } = this.#options;
    const session = sessions.get(ref);
    if (!session) return;
    const { step } = placeOf(JSON.parse(definition) as WorkflowDefinition, store.outlines(seq));
    sessionDoor(session.name)
      .noteRun({ run, workflow, state, step, updatedMs })
      .catch((error: unknown) => console.error(JSON.stringify({ level: "error", event: "run_not_told", run, error: String(error) })));
  }
}
