import type { JsonObject } from "../lib/json.ts";
import type { Complete } from "./completion.ts";
import type { Context } from "./context.ts";
import type { Scope } from "./principal.ts";

/** A resource, or a template for many: `uri` then holds variables in braces. */
export interface Resource {
  /** `scheme://path`; each `{variable}` stands for one path segment. */
  readonly uri: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
  readonly toolset: string;
  readonly scopes: readonly Scope[];
  /** Returns data, which is sent as JSON, or text or bytes as they are; throws the classes of `errors.ts`. */
  read(variables: Record<string, string>, ctx: Context): Promise<ResourceBody>;
  /** It changes with each call of the history: subscribers are told. */
  readonly changesWith?: "calls";
  /** Completes a variable of the template. */
  readonly complete?: Complete;
}

export type ResourceBody = JsonObject | string | Uint8Array;

/** Defines a resource; the variables of its template are typed. */
export function defineResource<U extends string>(
  definition: Omit<Resource, "uri" | "read"> & {
    readonly uri: U;
    read(variables: { [V in Variables<U>]: string }, ctx: Context): Promise<ResourceBody>;
  }
): Resource {
  // The matcher of this very template gives the variables, so the types hold.
  return definition as unknown as Resource;
}

type Variables<U extends string> = U extends `${string}{${infer V}}${infer Rest}` ? V | Variables<Rest> : never;

/** Makes a matcher that reads a template's variables out of a URI; `undefined` where the URI is not of the template. */
export function createMatcher(template: string): (uri: string) => Record<string, string> | undefined {
  const names: string[] = [];
  const pattern = template.replace(/\{(\w+)\}|[.*+?^$()|[\]\\]/g, (found, name?: string) => {
    if (name === undefined) return `\\${found}`;
    names.push(name);
    return "([^/?#]+)";
  });
  const matcher = new RegExp(`^${pattern}$`);
  return (uri) => {
    const values = matcher.exec(uri);
    if (!values) return undefined;
    try {
      return Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(values[i + 1] ?? "")]));
    } catch {
      return undefined; // a broken percent escape
    }
  };
}

export const isTemplate = (resource: Resource): boolean => resource.uri.includes("{");
