import { defineResource } from "../../src/mcp/define-resource.ts";
import { FIXTURE } from "./fixture.ts";
import { RED_PIXEL_PNG } from "./media.ts";

const { toolset, scopes } = FIXTURE;

export const staticText = defineResource({
  uri: "test://static-text",
  name: "static-text",
  title: "Static text",
  description: "A text that never changes.",
  mimeType: "text/plain",
  toolset,
  scopes,
  read: async () => "This is the content of the static text resource."
});

export const staticBinary = defineResource({
  uri: "test://static-binary",
  name: "static-binary",
  title: "Static image",
  description: "An image that never changes.",
  mimeType: "image/png",
  toolset,
  scopes,
  read: async () => Uint8Array.from(Buffer.from(RED_PIXEL_PNG, "base64"))
});

export const dataOf = defineResource({
  uri: "test://template/{id}/data",
  name: "template-data",
  title: "Data of an id",
  description: "Data that repeats its id.",
  mimeType: "application/json",
  toolset,
  scopes,
  read: async ({ id }) => ({ id, templateTest: true, data: `Data for ID: ${id}` })
});

export const watched = defineResource({
  uri: "test://watched-resource",
  name: "watched-resource",
  title: "Watched resource",
  description: "Changes with each call, for those who subscribe.",
  mimeType: "text/plain",
  toolset,
  scopes,
  changesWith: "calls",
  read: async (_, ctx) => `The history holds ${(await ctx.history.list({ limit: 100 })).calls.length} calls.`
});
