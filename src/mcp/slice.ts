/** Which part of the catalog a request addresses. */
export interface Slice {
  /** `undefined` is the part that `/mcp` serves by default; `all` is everything. */
  readonly toolset: string | undefined;
  readonly isReadOnly: boolean;
}

/** Reads the path below `/mcp`: `/x/{toolset}`, `/readonly`, both, or nothing. `undefined` for another path. */
export function parseSlice(path: string): Slice | undefined {
  const parts = SLICE.exec(path);
  return parts ? { toolset: parts[1], isReadOnly: parts[2] !== undefined } : undefined;
}

/** Writes what {@link parseSlice} reads. */
export function sliceToPath(slice: Slice): string {
  return `${slice.toolset === undefined ? "" : `/x/${slice.toolset}`}${slice.isReadOnly ? "/readonly" : ""}`;
}

const SLICE = /^(?:\/x\/([a-z][a-z0-9-]{0,31}))?(\/readonly)?\/?$/;
