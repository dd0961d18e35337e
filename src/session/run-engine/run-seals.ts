import type { JsonObject } from "../../lib/json.ts";
import { InvalidInput } from "../../mcp/errors.ts";
import type { Caller, Credentials, Principal, Scope } from "../../mcp/principal.ts";
import type { Keyring } from "../../mcp/signed/keyring.ts";
import { seal, unseal } from "../../mcp/signed/seal.ts";
import type { RunRow, RunStore } from "../../stores/runs.ts";

/** What of a run waits sealed: nobody else's eyes are for it. */
interface SealedRun {
  /** Whom it acts for, with the scopes that it has for now. */
  readonly principal: Principal;
  /** The scopes that it was started with: whoever renews it may narrow them, and nobody exceeds them. */
  readonly startedScopes: readonly Scope[];
  /** What it acts with; absent once it has failed: who takes it up again brings theirs. */
  readonly credentials: RunCredentials | undefined;
  readonly inputs: JsonObject;
}

interface RunCredentials extends Partial<Pick<Credentials, "lastingProof" | "githubToken">> {
  /** GitHub has refused the token. */
  readonly isRefused?: boolean;
}

/** What runs need while nobody is connected: whom each acts for, what with, and what it was started with. */
export class RunSeals {
  readonly #store: RunStore;
  readonly #keyring: () => Keyring;

  constructor(store: RunStore, keyring: () => Keyring) {
    this.#store = store;
    this.#keyring = keyring;
  }

  /** Seals what a run begins with. */
  seal({ principal, credentials }: Caller, inputs: JsonObject): string {
    return this.#seal({ principal, startedScopes: principal.scopes, credentials: toRunCredentials(credentials), inputs });
  }

  /** Whom a run acts for, and what it was started with. */
  open({ sealed }: RunRow): { caller: Caller; inputs: JsonObject } {
    const run = this.#unseal(sealed);
    if (!run) throw new Error("What the run was started with was sealed under a secret that is gone.");
    return { caller: callerOf(run), inputs: run.inputs };
  }

  /** The scopes that a run acts with; none where nobody can tell, which does nothing any more. */
  scopesOf({ sealed }: RunRow): readonly Scope[] {
    return this.#unseal(sealed)?.principal.scopes ?? [];
  }

  /** Has a run act for who has come, if they bring what it lacks. Returns whom it acts for from here on. */
  renew(seq: number, caller: Caller, isSignedOut: boolean): Caller | undefined {
    const run = this.#unseal(this.#store.get(seq)?.sealed);
    if (!run || !isRenewedBy(run, caller, isSignedOut)) return undefined;
    const renewed = toRenewed(run, caller);
    this.#store.seal(seq, this.#seal(renewed));
    return callerOf(renewed);
  }

  /** Has a run that failed act for who takes it up again. @throws InvalidInput where what it was started with is gone. */
  takeUp(seq: number, caller: Caller): void {
    const run = this.#unseal(this.#store.get(seq)?.sealed);
    if (!run) throw new InvalidInput("What this run was started with is not kept any more. Start a new run.");
    this.#store.seal(seq, this.#seal(toRenewed(run, caller)));
  }

  /** Notes that GitHub refuses the token of a run: only another has it go on. */
  refuse(seq: number): void {
    const run = this.#unseal(this.#store.get(seq)?.sealed);
    if (run) this.#store.seal(seq, this.#seal({ ...run, credentials: { ...run.credentials, isRefused: true } }));
  }

  /** What is kept of a run that has failed, so that it may be taken up again: all but the credentials. */
  withoutCredentials(seq: number): string | undefined {
    const sealed = this.#store.get(seq)?.sealed;
    const run = this.#unseal(sealed);
    // What cannot be opened tells nobody anything, and a secret may be put back.
    return run ? this.#seal({ ...run, credentials: undefined }) : sealed;
  }

  #seal(run: SealedRun): string {
    return seal(this.#keyring(), PURPOSE, JSON.stringify(run));
  }

  #unseal(sealed: string | undefined): SealedRun | undefined {
    const opened = sealed === undefined ? undefined : unseal(this.#keyring(), PURPOSE, sealed);
    if (opened === undefined) return undefined;
    const run = JSON.parse(opened) as Omit<SealedRun, "startedScopes"> & Partial<SealedRun>; // as it was sealed
    // Runs were once sealed with the principal and the inputs alone.
    return { ...run, startedScopes: run.startedScopes ?? run.principal.scopes };
  }
}

const PURPOSE = "run";

const toRunCredentials = ({ lastingProof, githubToken }: Credentials): RunCredentials => ({ lastingProof, githubToken });

/** The token that the request came with is not looked at again: what outlives it is. A run without credentials is signed out by the look. */
function callerOf({ principal, credentials = {} }: SealedRun): Caller {
  const { lastingProof, githubToken } = credentials;
  return { principal, credentials: { proof: lastingProof, lastingProof, githubToken, expiresMs: undefined } };
}

/** With the credentials of who has come, and those of the scopes that it was started with which they have too. */
function toRenewed({ startedScopes, inputs }: SealedRun, { principal, credentials }: Caller): SealedRun {
  const scopes = startedScopes.filter((scope) => principal.scopes.includes(scope));
  return { principal: { ...principal, scopes }, startedScopes, credentials: toRunCredentials(credentials), inputs };
}

/** One that is signed out takes anything but the very token that was refused; any other only what is newer under the same grant. */
function isRenewedBy(run: SealedRun, caller: Caller, isSignedOut: boolean): boolean {
  const { lastingProof, githubToken, isRefused } = run.credentials ?? {};
  if (run.principal.id !== caller.principal.id) return false;
  if (isSignedOut) return !isRefused || githubToken !== caller.credentials.githubToken;
  if (lastingProof === undefined || lastingProof !== caller.credentials.lastingProof) return false;
  const { principal, credentials } = toRenewed(run, caller);
  return JSON.stringify([principal, credentials]) !== JSON.stringify([run.principal, run.credentials]);
}
