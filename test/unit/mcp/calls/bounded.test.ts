import { expect, it, vi } from "vitest";
import { z } from "zod";
import { Deadlines } from "../../../../src/lib/deadlines.ts";
import { elicit } from "../../../../src/mcp/ask.ts";
import { runBounded } from "../../../../src/mcp/calls/bounded.ts";
import type { Asking, Host, Invocation } from "../../../../src/mcp/calls/host.ts";
import type { Context } from "../../../../src/mcp/context.ts";
import { additive, defineTool, readOnly, type Tool } from "../../../../src/mcp/define-tool.ts";
import { DeadlineExceeded } from "../../../../src/mcp/errors.ts";

const askFirst = defineTool({
  name: "ask_first",
  title: "Ask first",
  description: "Writes when the user agrees.",
  toolset: "test",
  scopes: [],
  annotations: additive,
  input: z.object({}),
  output: z.object({ written: z.boolean() }),
  async run(_, ctx) {
    await ctx.ask({ consent: elicit("Write?", z.object({})) });
    return { written: true };
  },
  render: ({ written }) => String(written)
});

const toRun = ({ name, annotations, run }: Tool, limitMs = 1000) => ({
  name,
  limitMs,
  isRead: annotations.readOnlyHint,
  run: (ctx: Context) => run({}, ctx)
});

it("says that a write was cancelled when its client cancels while the user is asked", async () => {
  const client = new AbortController();
  // As the SDK does it: the question fails with the words for one that nobody answered.
  const ask = () =>
    new Promise<never>((_, reject) => {
      client.signal.addEventListener("abort", () => reject(new DeadlineExceeded("Nobody answered.")));
      queueMicrotask(() => client.abort());
    });
  const onCancel = (listener: () => void) => {
    client.signal.addEventListener("abort", listener);
    return () => client.signal.removeEventListener("abort", listener);
  };
  const invocation = { onCancel, ask } as Partial<Invocation> as Invocation;
  const host = {
    deadlines: new Deadlines(),
    limits: { callMs: 1000, attachedMs: 1000, detachedMs: 1000, detaching: 10, inlineBytes: 1000 },
    contextFor: (asked: Asking) => ({ ask: asked.ask }) as Partial<Context> as Context
  } as Partial<Host> as Host;
  const running = runBounded(toRun(askFirst), invocation, host);
  await expect(running).rejects.toMatchObject({ name: "Cancelled", outcome: "cancelled" });
});

const reading = (run: (ctx: Context) => Promise<{ done: boolean }>) =>
  defineTool({
    name: "read_something",
    title: "Read something",
    description: "Reads as the test says.",
    toolset: "test",
    scopes: [],
    annotations: readOnly,
    input: z.object({}),
    output: z.object({ done: z.boolean() }),
    run: (_, ctx) => run(ctx),
    render: ({ done }) => String(done)
  });

/** A host of short calls, whose questions are answered as told. */
function bound(callMs: number, ask: (asks: object, signal?: AbortSignal) => Promise<never>) {
  const host = {
    deadlines: new Deadlines(),
    limits: { callMs, attachedMs: callMs, detachedMs: callMs, detaching: 10, inlineBytes: 1000 },
    contextFor: (asked: Asking) => ({ ask: asked.ask }) as Partial<Context> as Context
  } as Partial<Host> as Host;
  return { host, invocation: { onCancel: () => () => {}, ask } as Partial<Invocation> as Invocation };
}

const after = (delayMs: number) => new Promise<never>((resolve) => setTimeout(() => resolve({} as never), delayMs));

it("asks nothing for a read that was left at its deadline", async () => {
  const late = Promise.withResolvers<unknown>();
  const tool = reading(async (ctx) => {
    await after(100);
    await ctx.ask({}).catch(late.resolve);
    return { done: true };
  });
  const { host, invocation } = bound(50, () => after(0));
  const onAsk = vi.fn();
  await expect(runBounded({ ...toRun(tool, 50), onAsk }, invocation, host)).rejects.toBeInstanceOf(DeadlineExceeded);
  expect(await late.promise).toBeInstanceOf(DeadlineExceeded);
  expect(onAsk).not.toHaveBeenCalled();
});

it("waits for the slower of two questions at once, however short the deadline", async () => {
  const tool = reading(async (ctx) => {
    await Promise.all([ctx.ask({}), ctx.ask({})]);
    return { done: true };
  });
  const delaysMs = [10, 200];
  const { host, invocation } = bound(50, () => after(delaysMs.shift() ?? 0));
  await expect(runBounded(toRun(tool, 50), invocation, host)).resolves.toEqual({ done: true });
});

it("calls its question off when it is told to stop, and a write that only asked was not made", async () => {
  const asked = Promise.withResolvers<AbortSignal>();
  const written = vi.fn();
  const ask = (_: object, signal?: AbortSignal) =>
    new Promise<never>((_resolve, reject) => {
      if (!signal) return;
      signal.addEventListener("abort", () => reject(new DeadlineExceeded("Nobody answered.")));
      asked.resolve(signal);
    });
  const { host, invocation } = bound(1000, ask);
  const run = async (ctx: Context) => {
    await ctx.ask({});
    written();
    return { written: true };
  };
  const onStart = (stop: () => void) => void asked.promise.then(stop);
  const running = runBounded({ ...toRun(askFirst), run, onStart }, invocation, host);
  await expect(running).rejects.toMatchObject({ name: "Cancelled", message: "The call was told to stop." });
  expect((await asked.promise).aborted).toBe(true);
  expect(written).not.toHaveBeenCalled();
});

it("takes no answer that comes to a call that was told to stop", async () => {
  const answered = Promise.withResolvers<never>();
  const asked = Promise.withResolvers<void>();
  const { host, invocation } = bound(1000, () => {
    asked.resolve();
    return answered.promise;
  });
  const written = vi.fn();
  const run = async (ctx: Context) => {
    await ctx.ask({});
    written();
    return { written: true };
  };
  const onStart = (stop: () => void) =>
    void asked.promise.then(() => {
      stop();
      answered.resolve({} as never);
    });
  await expect(runBounded({ ...toRun(askFirst), run, onStart }, invocation, host)).rejects.toMatchObject({ name: "Cancelled" });
  expect(written).not.toHaveBeenCalled();
});

it("is cancelled by its client until that knows that it goes on", async () => {
  const client = new AbortController();
  const onCancel = (listener: () => void) => {
    client.signal.addEventListener("abort", listener);
    return () => client.signal.removeEventListener("abort", listener);
  };
  const tool = reading(() => after(300));
  const { host, invocation } = bound(1000, () => after(0));
  const detaching = (act: () => Promise<void>) =>
    runBounded({ ...toRun(tool, 1000), detach: { afterMs: 20, act } }, { ...invocation, onCancel }, host);
  const told = detaching(async () => {});
  const untold = detaching(() => after(1000));
  setTimeout(() => client.abort(), 100);
  await expect(untold).rejects.toMatchObject({ name: "Cancelled" });
  await expect(told).resolves.toEqual({});
});

it("goes on without its client at its time, which does not run while somebody is asked; then it asks nobody", async () => {
  const detached = vi.fn();
  const tool = reading(async (ctx) => {
    await ctx.ask({});
    expect(detached).not.toHaveBeenCalled();
    await after(100);
    expect(detached).toHaveBeenCalledOnce();
    await expect(ctx.ask({})).rejects.toThrow("goes on without its client");
    return { done: true };
  });
  const { host, invocation } = bound(1000, () => after(150));
  const detach = { afterMs: 50, act: detached };
  await expect(runBounded({ ...toRun(tool, 1000), detach }, invocation, host)).resolves.toEqual({ done: true });
});

it("ends at its deadline though it has gone on without its client, and can be told to stop before", async () => {
  const tool = reading(() => after(1000));
  const { host, invocation } = bound(100, () => after(0));
  const detach = { afterMs: 20, act() {} };
  await expect(runBounded({ ...toRun(tool, 100), detach }, invocation, host)).rejects.toBeInstanceOf(DeadlineExceeded);
  const onStart = (stop: () => void) => void setTimeout(stop, 40);
  await expect(runBounded({ ...toRun(tool, 1000), detach, onStart }, invocation, host)).rejects.toThrow("The call was told to stop.");
});
