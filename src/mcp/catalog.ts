import { z } from "zod";
import type { JsonObject } from "../lib/json.ts";
import type { Prompt } from "./define-prompt.ts";
import type { Resource } from "./define-resource.ts";
import { createMatcher, isTemplate } from "./define-resource.ts";
import type { Tool } from "./define-tool.ts";
import { parseSlice, type Slice, sliceToPath } from "./slice.ts";
import type { ShippedWorkflow } from "./workflow.ts";

/** What a server offers, as it is written down. */
export interface CatalogDefinition {
  readonly info: { readonly name: string; readonly title: string; readonly version: string };
  /** What a model should know before it calls anything. */
  readonly instructions: string;
  readonly tools: readonly Tool[];
  readonly prompts: readonly Prompt[];
  readonly resources: readonly Resource[];
  readonly workflows?: readonly ShippedWorkflow[];
  /** The toolsets that `/mcp` serves; all of them if absent. */
  readonly defaultToolsets?: readonly string[];
}

/** The methods whose answers never depend on the session. */
export type ListMethod = "tools/list" | "prompts/list" | "resources/list" | "resources/templates/list";

/** One part of a catalog. Computed once per isolate; its order is fixed. */
export interface CatalogSlice {
  /** One page of a list, as JSON text; `undefined` for a cursor that no page returned. */
  list(method: ListMethod, cursor: unknown): string | undefined;
  tool(name: string): Tool | undefined;
  prompt(name: string): Prompt | undefined;
  /** The resource of a URI, with the variables of its template. */
  resource(uri: string): { resource: Resource; variables: Record<string, string> } | undefined;
  /** A resource by the very text of its template. */
  template(uri: string): Resource | undefined;
}

/** Narrows a method to one that lists. */
export function isListMethod(method: string): method is ListMethod {
  return method === "tools/list" || method === "prompts/list" || method === "resources/list" || method === "resources/templates/list";
}

/** Tools, prompts and resources that a server offers. */
export interface Catalog {
  readonly info: CatalogDefinition["info"];
  readonly instructions: string;
  readonly capabilities: JsonObject;
  readonly tools: readonly Tool[];
  readonly workflows: readonly ShippedWorkflow[];
  /** Every path below `/mcp` at which a slice is served. */
  readonly paths: readonly string[];
  /** The URIs of the resources that change with each call. */
  readonly resourcesOfCalls: readonly string[];
  /** `undefined` for a toolset that is not there. */
  slice(slice: Slice): CatalogSlice | undefined;
  /** The slice of a path below `/mcp`; `undefined` where nothing is served. */
  sliceAt(path: string): CatalogSlice | undefined;
}

/** @throws Error at load time if two entries share a name. */
export function createCatalog(definition: CatalogDefinition): Catalog {
  requireUnique([...definition.tools, ...definition.prompts].map(({ name }) => name));
  requireUnique(definition.resources.map(({ uri }) => uri));
  const toolsets = new Set([...definition.tools, ...definition.prompts, ...definition.resources].map(({ toolset }) => toolset));
  const slices = new Map<string, CatalogSlice>();
  const byPath = new Map<string, CatalogSlice | undefined>();

  const slice = ({ toolset, isReadOnly }: Slice): CatalogSlice | undefined => {
    if (toolset !== undefined && toolset !== "all" && !toolsets.has(toolset)) return undefined;
    const key = `${toolset ?? ""} ${isReadOnly}`;
    const known = slices.get(key);
    if (known) return known;
    const made = createSlice(definition, toolset, isReadOnly);
    slices.set(key, made);
    return made;
  };

  return {
    info: definition.info,
    instructions: definition.instructions,
    capabilities: {
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      logging: {},
      completions: {}
    },
    tools: definition.tools,
    workflows: definition.workflows ?? [],
    resourcesOfCalls: definition.resources.filter(({ changesWith }) => changesWith === "calls").map(({ uri }) => uri),
    paths: [undefined, "all", ...toolsets].flatMap((toolset) => [false, true].map((isReadOnly) => sliceToPath({ toolset, isReadOnly }))),
    slice,
    sliceAt(path) {
      const known = byPath.get(path);
      if (known) return known;
      const parsed = parseSlice(path);
      const found = parsed && slice(parsed);
      if (found) byPath.set(path, found); // paths that are served are few; others come from anybody
      return found;
    }
  };
}

function createSlice(definition: CatalogDefinition, toolset: string | undefined, isReadOnly: boolean): CatalogSlice {
  const isServed = (entry: { toolset: string }) => {
    if (toolset === "all") return true;
    if (toolset !== undefined) return entry.toolset === toolset;
    return definition.defaultToolsets?.includes(entry.toolset) ?? true;
  };
  const tools = definition.tools.filter((tool) => isServed(tool) && (tool.annotations.readOnlyHint || !isReadOnly));
  const prompts = definition.prompts.filter(isServed);
  const resources = definition.resources.filter(isServed);
  const toolByName = new Map(tools.map((tool) => [tool.name, tool]));
  const promptByName = new Map(prompts.map((prompt) => [prompt.name, prompt]));
  const matchers = resources.map((resource) => ({ resource, match: createMatcher(resource.uri) }));

  const lists: Readonly<Record<ListMethod, ReadonlyMap<unknown, string>>> = {
    "tools/list": toPages("tools", tools.map(toListedTool)),
    "prompts/list": toPages("prompts", prompts.map(toListedPrompt)),
    "resources/list": toPages("resources", resources.filter((resource) => !isTemplate(resource)).map(toListedResource)),
    "resources/templates/list": toPages("resourceTemplates", resources.filter(isTemplate).map(toListedTemplate))
  };

  return {
    list: (method, cursor) => lists[method].get(cursor),
    tool: (name) => toolByName.get(name),
    prompt: (name) => promptByName.get(name),
    resource(uri) {
      for (const { resource, match } of matchers) {
        const variables = match(uri);
        if (variables) return { resource, variables };
      }
      return undefined;
    },
    template: (uri) => resources.find((resource) => isTemplate(resource) && resource.uri === uri)
  };
}

/** How many entries a page of a list holds. */
const PAGE_SIZE = 100;

/** Writes the pages of a list once, each under the cursor that asks for it; the first needs none. */
function toPages(key: string, entries: readonly JsonObject[]): ReadonlyMap<unknown, string> {
  const pages = new Map<unknown, string>();
  for (let start = 0; start === 0 || start < entries.length; start += PAGE_SIZE) {
    const next = start + PAGE_SIZE;
    const nextCursor = next < entries.length ? String(next) : undefined;
    pages.set(start === 0 ? undefined : String(start), JSON.stringify({ [key]: entries.slice(start, next), nextCursor }));
  }
  return pages;
}

const toListedTool = ({ name, title, description, inputSchema, structured, annotations }: Tool): JsonObject => ({
  name,
  title,
  description,
  inputSchema,
  outputSchema: structured?.outputSchema,
  annotations: { title, ...annotations }
});

const toListedPrompt = ({ name, title, description, input }: Prompt): JsonObject => {
  const { properties = {}, required = [] } = z.toJSONSchema(input, { io: "input" });
  return {
    name,
    title,
    description,
    arguments: Object.entries(properties).map(([argument, schema]) => ({
      name: argument,
      description: typeof schema === "object" ? schema.description : undefined,
      required: required.includes(argument)
    }))
  };
};

const toListedResource = ({ uri, name, title, description, mimeType }: Resource): JsonObject => ({
  uri,
  name,
  title,
  description,
  mimeType
});

const toListedTemplate = ({ uri, ...rest }: Resource): JsonObject => {
  const { uri: _, ...listed } = toListedResource({ uri, ...rest });
  return { uriTemplate: uri, ...listed };
};

function requireUnique(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new Error(`The catalog has "${name}" twice.`);
    seen.add(name);
  }
}
