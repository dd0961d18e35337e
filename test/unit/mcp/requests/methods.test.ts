import { expect, it } from "vitest";
import { Deadlines } from "../../../../src/lib/deadlines.ts";
import type { Host, Invocation } from "../../../../src/mcp/calls/host.ts";
import { createCatalog } from "../../../../src/mcp/catalog.ts";
import type { Context } from "../../../../src/mcp/context.ts";
import { defineResource } from "../../../../src/mcp/define-resource.ts";
import { METHODS } from "../../../../src/mcp/requests/methods.ts";

const stuck = defineResource({
  uri: "stuck://here",
  name: "stuck",
  title: "Stuck",
  description: "Never answers, and does not listen to its signal.",
  mimeType: "text/plain",
  toolset: "test",
  scopes: [],
  read: () => new Promise(() => {})
});

it("ends a resource that hangs, and says so", async () => {
  const catalog = createCatalog({
    info: { name: "t", title: "T", version: "1" },
    instructions: "",
    tools: [],
    prompts: [],
    resources: [stuck]
  });
  const slice = catalog.sliceAt("");
  const invocation = { slice, principal: { scopes: [] as const }, onCancel: () => () => {} } as unknown as Invocation;
  const host = {
    deadlines: new Deadlines(),
    limits: { callMs: 50, attachedMs: 1000, detachedMs: 50, detaching: 10, inlineBytes: 1000 },
    contextFor: () => ({}) as Context
  } as Partial<Host> as Host;
  const reading = METHODS["resources/read"]?.({ uri: "stuck://here" }, invocation, host);
  await expect(reading).rejects.toMatchObject({ code: -32603, message: "stuck://here did not finish within 0.05 s." });
});
