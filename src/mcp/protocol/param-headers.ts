import { isJsonObject, type Json, type JsonObject } from "../../lib/json.ts";

/** A parameter that clients mirror into a header, as `x-mcp-header` in a tool's input schema says. */
export interface ParamHeader {
  /** `Mcp-Param-<name>`. */
  readonly header: string;
  /** The way to its value in the arguments. */
  readonly path: readonly string[];
  readonly isInteger: boolean;
}

const KEY = "x-mcp-header";
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TYPES: readonly unknown[] = ["string", "integer", "boolean"];

/**
 * Reads which parameters of an input schema are mirrored.
 * @throws Error for an annotation that makes clients drop the tool: one that is no header name, not unique, on a type that is
 * not mirrored, or not reached by `properties` alone.
 * Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#schema-extension
 */
export function readParamHeaders(inputSchema: JsonObject): readonly ParamHeader[] {
  const found = findDeclared(inputSchema, []);
  if (countOf(inputSchema) > found.length) throw new Error(`${KEY} stands where no chain of properties leads.`);
  const names = new Set(found.map(({ header }) => header.toLowerCase()));
  if (names.size < found.length) throw new Error(`${KEY} has the same name twice.`);
  return found;
}

function findDeclared(schema: JsonObject, path: readonly string[]): ParamHeader[] {
  const properties = isJsonObject(schema.properties) ? Object.entries(schema.properties) : [];
  return properties.flatMap(([name, property]) => {
    if (!isJsonObject(property)) return [];
    const way = [...path, name];
    return [...(KEY in property ? [toDeclared(property, way)] : []), ...findDeclared(property, way)];
  });
}

function toDeclared({ [KEY]: name, type }: JsonObject, path: readonly string[]): ParamHeader {
  const where = path.join(".");
  if (typeof name !== "string" || !TOKEN.test(name)) throw new Error(`${KEY} of ${where} is not a name for a header.`);
  if (!TYPES.includes(type)) throw new Error(`${KEY} of ${where} needs a string, an integer or a boolean.`);
  return { header: `Mcp-Param-${name}`, path, isInteger: type === "integer" };
}

/** How many annotations there are anywhere. A property may have the very name of the annotation, but then it is a schema. */
function countOf(value: Json | undefined): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + countOf(item), 0);
  if (!isJsonObject(value)) return 0;
  const own = KEY in value && !isJsonObject(value[KEY]) ? 1 : 0;
  return Object.values(value).reduce((sum: number, member) => sum + countOf(member), own);
}
