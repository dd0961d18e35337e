import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Context } from "../../../../src/mcp/context.ts";
import type { Tool } from "../../../../src/mcp/define-tool.ts";
import type { Caller } from "../../../../src/mcp/principal.ts";
import { ownerRef } from "../../../../src/mcp/signed/handle.ts";
import { seal } from "../../../../src/mcp/signed/seal.ts";
import { workflowDefinition } from "../../../../src/mcp/workflow.ts";
import { runResource } from "../../../../src/resources/run.ts";
import { createHomeRuns, type HomeRunsOptions } from "../../../../src/session/home/home-runs.ts";
import { HomeRecord } from "../../../../src/stores/home-record.ts";
import { WorkflowStore } from "../../../../src/stores/workflows.ts";
import { getRun } from "../../../../src/tools/runs/get-run.ts";
import { listRuns } from "../../../../src/tools/runs/list-runs.ts";
import { ask, type Bench, holderOf, keyring, note, personOf, withRuns } from "./acting-runs.ts";

let warn: ReturnType<typeof vi.spyOn>;

beforeEach(() => {
  warn = vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

const TOKEN = "gho_first";
const REFUSED = "GitHub no longer accepts the sign-in that this run acts with. Connect again and sign in; the run then goes on by itself.";

/** All that is stored of runs, as it stands in SQLite. */
const raw = ({ storage }: Bench): string => JSON.stringify(storage.sql.exec("SELECT * FROM runs").toArray());

const optionsOf = ({ store, engine, storage }: Bench): HomeRunsOptions => ({
  ...{ store, engine, keyring, shipped: [], maxOpen: 9, own: ownerRef("home-of-a-test"), faultsOf: () => [] },
  workflows: new WorkflowStore(storage, new HomeRecord(storage, () => {}))
});

/** Approves a run that waits. */
function approve({ store, engine }: Bench, seq: number): void {
  const waiting = store.steps(seq).find(({ state }) => state === "waiting");
  if (waiting) store.putStep({ ...waiting, state: "ok", output: "null" });
  store.park(seq, "running");
  engine.kick(seq);
}

it("a run is approved of by who has the scopes that it acts with, and declined by anybody of its principal", () =>
  withRuns(async (bench) => {
    const runsOf = (caller: Caller) => createHomeRuns(optionsOf(bench), { principalId: "github:7", session: "home", caller });
    const [wide, narrow] = [runsOf(personOf(TOKEN)), runsOf(personOf("gho_narrow", "grant:2", ["mcp:use"]))];
    for (const seq of [1, 2]) {
      bench.start(personOf(TOKEN), [ask, note(`of_${seq}`)]);
      await bench.reach(seq, "waiting");
    }
    const [second, first] = (await narrow.list({ state: "waiting", limit: 9 })).map(({ run }) => run);
    const approval = { approved: true, note: undefined };
    await expect(narrow.signal(first ?? "", approval)).rejects.toThrow(/github:write.+Nothing was changed/);
    expect(bench.run(1)?.state).toBe("waiting");
    await wide.signal(first ?? "", approval);
    await bench.reach(1, "completed");
    await narrow.signal(second ?? "", { approved: false, note: undefined });
    await bench.reach(2, "cancelled");
    expect(bench.sent.map(({ title }) => title)).toEqual(["of_1"]);
  }));

describe("what a run needs while nobody is connected", () => {
  it("is sealed while it is open, and deleted when it has ended", () =>
    withRuns(async (bench) => {
      const seq = bench.start(personOf(TOKEN), [ask, note("only")], { secret: "of the inputs" });
      await bench.reach(seq, "waiting");
      for (const secret of [TOKEN, "grant:1", "of the inputs"]) {
        expect(raw(bench)).not.toContain(secret);
        expect(JSON.stringify(bench.opened(seq))).toContain(secret); // the control: it is there, and was looked for
      }
      expect(JSON.stringify(bench.opened(seq))).not.toContain(`token:${TOKEN}`); // the proof that does not outlive the request
      approve(bench, seq);
      expect((await bench.reach(seq, "completed")).sealed).toBeUndefined();
      expect(bench.storage.sql.exec("SELECT sealed FROM runs").one()).toEqual({ sealed: null });
    }));

  it("is asked for where it was sealed before runs kept it", () =>
    withRuns(async (bench) => {
      const holder = holderOf("hash");
      bench.revoked = new Set([undefined]);
      const seq = bench.start(holder, [ask, note("only")]);
      await bench.reach(seq, "waiting");
      bench.store.seal(seq, seal(keyring, "run", JSON.stringify({ principal: holder.principal, inputs: {} })));
      approve(bench, seq);
      await bench.reach(seq, "signed_out");
      bench.engine.renewSignedOut(holder);
      await bench.reach(seq, "completed");
      expect(bench.sent.map(({ title }) => title)).toEqual(["only"]);
    }));

  it("may be taken up again where it failed before runs kept it", () =>
    withRuns(async (bench) => {
      const holder = holderOf("hash");
      bench.respond = () => Response.json({}, { status: 404 });
      const seq = bench.start(holder, [note("only")]);
      await bench.reach(seq, "failed");
      bench.store.seal(seq, seal(keyring, "run", JSON.stringify({ principal: holder.principal, inputs: {} })));
      bench.respond = undefined;
      bench.engine.retry(seq, holder);
      await bench.reach(seq, "completed");
    }));

  it("stands in no log, whatever fails", () =>
    withRuns(async (bench) => {
      const token = `gho_${"a".repeat(36)}`;
      const error = vi.spyOn(console, "error").mockImplementation(() => {});
      vi.spyOn(bench.store, "steps").mockImplementation(() => {
        throw new Error(`Bearer ${token}`);
      });
      await bench.reach(bench.start(personOf(token), [note("only")]), "failed");
      expect(error.mock.calls.flat().join()).toContain("run_failed");
      expect(error.mock.calls.flat().join()).not.toContain(token);
    }));

  it.each(["cancelled", "unknown"] as const)("is deleted where it ends %s", (end) =>
    withRuns(async (bench) => {
      bench.respond = () => new Response("{", { status: 502 });
      const seq = bench.start(personOf(TOKEN), end === "unknown" ? [note("only")] : [ask]);
      if (end === "cancelled") await bench.engine.cancel(seq);
      expect((await bench.reach(seq, end)).sealed).toBeUndefined();
    })
  );

  it("is kept where it has failed, without the credentials: who takes it up again brings theirs", () =>
    withRuns(async (bench) => {
      bench.respond = () => Response.json({}, { status: 404 });
      const seq = bench.start(personOf(TOKEN), [note("only")], { given: "once" });
      await bench.reach(seq, "failed");
      expect(bench.opened(seq)).toMatchObject({ inputs: { given: "once" } });
      expect(JSON.stringify(bench.opened(seq))).not.toMatch(/gho_first|grant:1/);
      bench.respond = undefined;
      bench.engine.retry(seq, personOf("gho_second", "grant:2"));
      await bench.reach(seq, "completed");
      expect(bench.sent.map(({ token }) => token)).toEqual([TOKEN, "gho_second"]);
    }));
});

describe("a run whose credentials hold no more", () => {
  it("is signed out before its next call, says what it waits for, and nothing is sent or woken for", () =>
    withRuns(async (bench) => {
      const seq = bench.start(personOf(TOKEN), [note("first"), ask, note("second")]);
      await bench.reach(seq, "waiting");
      bench.revoked = new Set(["grant:1"]);
      approve(bench, seq);
      const { error } = await bench.reach(seq, "signed_out");
      expect(error).toBe("The sign-in that this run acts with was revoked. Connect again and sign in; the run then goes on by itself.");
      expect(warn.mock.calls).toEqual([
        [expect.stringContaining(`"level":"warn","event":"run_signed_out","workflow":"acts","run":${seq}`)]
      ]);
      const wakes = bench.wakes.length;
      for (const engine of [bench.engine, bench.lose()]) expect(engine.resume()).toBeUndefined();
      expect(bench.store.nextDueMs(0)).toBeUndefined();
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(bench.wakes).toHaveLength(wakes);
      expect(bench.run(seq)?.state).toBe("signed_out");
      expect(bench.sent.map(({ title }) => title)).toEqual(["first"]); // the control: it was sent while the grant stood
    }));

  it("says so in the words for a key where one started it", () =>
    withRuns(async (bench) => {
      bench.revoked = new Set(["hash"]);
      const seq = bench.start(holderOf("hash"), [note("only")]);
      expect((await bench.reach(seq, "signed_out")).error).toContain(
        "Ask for the run (get_run) with a key that is valid; it then goes on."
      );
      bench.engine.renewSignedOut(holderOf("another hash"));
      await bench.reach(seq, "completed");
      expect(bench.sent).toMatchObject([{ title: "only", token: "the-server's" }]);
      expect(bench.ended).toEqual([]);
    }));

  it("goes on by itself with the token of a new sign-in, and after a loss of all that memory held", () =>
    withRuns(async (bench) => {
      bench.revoked = new Set(["grant:1"]);
      const seqs = [1, 2].map(() => bench.start(personOf(TOKEN), [note("only")]));
      for (const seq of seqs) await bench.reach(seq, "signed_out");
      bench.lose().renew(personOf("gho_second", "grant:2"));
      for (const seq of seqs) expect((await bench.reach(seq, "completed")).error).toBeUndefined();
      expect(bench.sent.map(({ token }) => token)).toEqual(["gho_second", "gho_second"]);
    }));

  it("is signed out again where those of who asks hold no more either", () =>
    withRuns(async (bench) => {
      bench.revoked = new Set(["grant:1"]);
      const seq = bench.start(personOf(TOKEN), [note("only")]);
      await bench.reach(seq, "signed_out");
      bench.engine.renewSignedOut(personOf(TOKEN));
      await expect.poll(() => warn.mock.calls.length).toBe(2);
      await bench.reach(seq, "signed_out");
      expect(bench.sent).toEqual([]);
    }));

  it("says what it waits for wherever it is shown, and takes no decision", () =>
    withRuns(async (bench) => {
      bench.revoked = new Set(["grant:1"]);
      const seq = bench.start(personOf(TOKEN), [note("only")]);
      await bench.reach(seq, "signed_out");
      const asker = { principalId: "github:7", session: "home", caller: personOf(TOKEN) };
      const runs = createHomeRuns({ ...optionsOf(bench), maxOpen: 1 }, asker);
      const ctx = { runs } as Context; // all that is used of it
      const reason = expect.stringContaining("The sign-in that this run acts with was revoked.");
      const show = async (tool: Tool, input: object) => {
        const shown = tool.structured?.output.parse(await tool.run(input, ctx)) ?? {};
        return { shown, text: tool.structured?.render(shown) };
      };
      const listed = await show(listRuns, { state: "signed_out", limit: 20 });
      expect(listed).toMatchObject({ text: reason, shown: { runs: [{ state: "signed_out", step: "only", waitsFor: reason }] } });
      const run = /run_\w+/.exec(listed.text ?? "")?.[0] ?? "";
      const got = await show(getRun, { run, waitSeconds: 8 });
      expect(got).toMatchObject({ text: reason, shown: { state: "signed_out", waitsFor: reason } });
      expect(Object.keys(got.shown)).not.toContain("error");
      expect(await runResource.read({ run }, ctx)).toEqual(got.shown);
      await expect(runs.signal(run, { approved: true, note: undefined })).rejects.toThrow(
        "The run waits for no decision: it is signed_out. The sign-in"
      );
      await expect(runs.retry(run)).rejects.toThrow("this one is signed_out");
      await expect(runs.remove(run)).rejects.toThrow("has not ended");
      await expect(runs.start({ definition: workflowDefinition.parse({ name: "more", steps: [ask] }), inputs: {} })).rejects.toThrow(
        "1 runs are open"
      );
    }));

  it("can be cancelled, and then nothing of it is left", () =>
    withRuns(async (bench) => {
      bench.revoked = new Set(["grant:1"]);
      const seq = bench.start(personOf(TOKEN), [note("only")]);
      await bench.reach(seq, "signed_out");
      await bench.engine.cancel(seq);
      expect(bench.run(seq)).toMatchObject({ state: "cancelled", sealed: undefined, error: undefined });
    }));

  it("fails once it has waited for as long as runs are kept, and nothing sealed is left of it", () =>
    withRuns(async (bench) => {
      bench.revoked = new Set(["grant:1"]);
      const seq = bench.start(personOf(TOKEN), [note("only")]);
      const { updatedMs } = await bench.reach(seq, "signed_out");
      bench.engine.endSignedOut(updatedMs);
      expect(bench.run(seq)).toMatchObject({ state: "signed_out", sealed: expect.any(String) }); // the control: it is not late yet
      bench.engine.endSignedOut(updatedMs + 1);
      expect(bench.run(seq)).toMatchObject({
        state: "failed",
        sealed: undefined,
        error: expect.stringContaining("It waited for this: The sign-in that this run acts with was revoked.")
      });
      expect(() => bench.engine.retry(seq, personOf("gho_second"))).toThrow("is not kept any more. Start a new run.");
    }));
});

it("does not act where nobody can tell whether the credentials hold, and looks again", () =>
  withRuns(async (bench) => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    bench.revoked = new Error("KV is down");
    const beforeMs = Date.now();
    const seq = bench.start(personOf(TOKEN), [note("only")]);
    const { dueMs = 0 } = await bench.reach(seq, "sleeping");
    expect(dueMs).toBeGreaterThanOrEqual(beforeMs + 30_000);
    expect(bench.wakes).toContain(dueMs);
    expect(log.mock.calls).toEqual([[expect.stringContaining("credentials_not_read")]]);
    expect([bench.sent, bench.store.steps(seq)]).toEqual([[], []]);
    bench.revoked = new Set();
    bench.store.park(seq, "sleeping", Date.now());
    bench.engine.resume();
    await bench.reach(seq, "completed");
    expect(bench.sent).toHaveLength(1);
  }));

describe("a sign-in that GitHub refuses in the middle of a run", () => {
  it("ends its grant and has the write, which has not happened, sent once more with the next", () =>
    withRuns(async (bench) => {
      bench.refused.add(TOKEN);
      const seq = bench.start(personOf(TOKEN), [note("only", { retry: { attempts: 3, delaySeconds: 1 } }), note("after")]);
      expect((await bench.reach(seq, "signed_out")).error).toBe(REFUSED);
      expect(bench.store.steps(seq)).toEqual([]); // the control: a row that stayed `running` would end the run unknown
      expect(bench.ended.map(({ credentials }) => credentials.githubToken)).toEqual([TOKEN]);
      bench.engine.renew(personOf("gho_second", "grant:2"));
      await bench.reach(seq, "completed");
      expect(bench.sent.map(({ title, token }) => [title, token])).toEqual([
        ["only", TOKEN],
        ["only", "gho_second"],
        ["after", "gho_second"]
      ]);
      expect(bench.store.steps(seq)).toMatchObject([{ path: "after" }, { path: "only", state: "ok", attempt: 1 }]);
    }));

  it("is not tried again with the very token that was refused", () =>
    withRuns(async (bench) => {
      bench.refused.add(TOKEN);
      const seq = bench.start(personOf(TOKEN), [note("only")]);
      await bench.reach(seq, "signed_out");
      for (const engine of [bench.engine, bench.lose()]) {
        engine.renewSignedOut(personOf(TOKEN));
        engine.renew(personOf(TOKEN, "grant:2"));
      }
      expect(bench.run(seq)?.state).toBe("signed_out");
      expect(bench.sent).toHaveLength(1);
      bench.engine.renewSignedOut(personOf("gho_second")); // the control: another token of the same grant
      await bench.reach(seq, "completed");
    }));

  it("has a read done again, too", () =>
    withRuns(async (bench) => {
      bench.refused.add(TOKEN);
      const step = { id: "only", kind: "tool", tool: "read_note", arguments: { owner: "octo", repo: "notes", number: 1 } };
      const seq = bench.start(personOf(TOKEN), [step]);
      await bench.reach(seq, "signed_out");
      bench.engine.renew(personOf("gho_second", "grant:2"));
      await bench.reach(seq, "completed");
      expect(bench.sent.map(({ token }) => token)).toEqual([TOKEN, "gho_second"]);
    }));

  it("keeps what was done of a for_each, though it keeps failures, and does the rest once", () =>
    withRuns(async (bench) => {
      const each = {
        ...{ id: "each", kind: "for_each", items: ["a", "b", "c", "d"], tool: "create_note", concurrency: 2, keepFailures: true },
        arguments: { owner: "octo", repo: "notes", title: { $ref: "/item" } }
      };
      bench.respond = ({ title, token }) => {
        const isRefused = token === TOKEN && title !== "a" && title !== "b";
        return isRefused ? Response.json({}, { status: 401 }) : Response.json({ number: 1, html_url: "u" }, { status: 201 });
      };
      const seq = bench.start(personOf(TOKEN), [each]);
      await bench.reach(seq, "signed_out");
      expect(bench.store.steps(seq).map(({ path, state }) => [path, state])).toEqual([
        ["each/0", "ok"],
        ["each/1", "ok"]
      ]);
      bench.engine.renew(personOf("gho_second", "grant:2"));
      await bench.reach(seq, "completed");
      const done = bench.sent.filter(({ token, title }) => token !== TOKEN || title === "a" || title === "b");
      expect(done.map(({ title }) => title).sort()).toEqual(["a", "b", "c", "d"]);
    }));

  it("goes on at once where somebody has signed in while the answer was on its way", () =>
    withRuns(async (bench) => {
      bench.respond = ({ token }) => {
        if (token !== TOKEN) return Response.json({ number: 1, html_url: "u" }, { status: 201 });
        bench.engine.renew(personOf("gho_second"));
        return Response.json({}, { status: 401 });
      };
      const seq = bench.start(personOf(TOKEN), [note("only")]);
      await bench.reach(seq, "completed");
      expect(bench.sent.map(({ token }) => token)).toEqual([TOKEN, "gho_second"]);
      expect(warn).not.toHaveBeenCalled();
    }));
});

describe("the credentials of a run that is open", () => {
  it("are renewed under their own grant, and not taken from another", () =>
    withRuns(async (bench) => {
      const seqs = ["grant:1", "grant:2"].map((grant) => bench.start(personOf(TOKEN, grant), [ask, note(grant.replace(":", "_"))]));
      for (const seq of seqs) await bench.reach(seq, "waiting");
      bench.engine.renew(personOf("gho_refreshed", "grant:1"));
      for (const seq of seqs) approve(bench, seq);
      for (const seq of seqs) await bench.reach(seq, "completed");
      expect(Object.fromEntries(bench.sent.map(({ title, token }) => [title, token]))).toEqual({
        grant_1: "gho_refreshed",
        grant_2: TOKEN
      });
    }));

  it("are not written anew where nothing of them is", () =>
    withRuns(async (bench) => {
      const seq = bench.start(personOf(TOKEN), [ask]);
      const { sealed } = await bench.reach(seq, "waiting");
      bench.engine.renew(personOf(TOKEN));
      expect(bench.run(seq)?.sealed).toBe(sealed);
      bench.engine.renew(personOf("gho_refreshed")); // the control
      expect(bench.run(seq)?.sealed).not.toBe(sealed);
    }));

  it("are never those of another principal", () =>
    withRuns(async (bench) => {
      bench.revoked = new Set(["grant:1"]);
      const seq = bench.start(personOf(TOKEN), [note("only")]);
      await bench.reach(seq, "signed_out");
      const { principal, credentials } = personOf("gho_theirs", "grant:theirs");
      bench.engine.renew({ principal: { ...principal, id: "github:8" }, credentials });
      expect([bench.run(seq)?.state, bench.sent]).toEqual(["signed_out", []]);
    }));

  it("are narrowed to the scopes of who renewed them last, and restored, but not exceeded, by who has more", () =>
    withRuns(async (bench) => {
      const wide = personOf("gho_wide", "grant:wide");
      const seq = bench.start(personOf(TOKEN, "grant:1", ["mcp:use", "github:write"]), [ask, note("only")]);
      await bench.reach(seq, "waiting");
      bench.engine.renew(personOf("gho_narrow", "grant:1", ["mcp:use", "github:read"]));
      approve(bench, seq);
      expect((await bench.reach(seq, "failed")).error).toContain("create_note needs the scope github:write");
      bench.engine.retry(seq, wide);
      await bench.reach(seq, "completed");
      expect(bench.sent.map(({ token }) => token)).toEqual(["gho_wide"]);

      const humble = bench.start(personOf(TOKEN, "grant:1", ["mcp:use"]), [note("more")]);
      await bench.reach(humble, "failed");
      bench.engine.retry(humble, wide);
      expect((await bench.reach(humble, "failed")).error).toContain("create_note needs the scope github:write");
      expect(bench.sent).toHaveLength(1);
    }));
});
