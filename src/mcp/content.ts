/** A block of content: https://modelcontextprotocol.io/specification/2025-11-25/schema#contentblock */
export type ContentBlock =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image" | "audio"; readonly data: string; readonly mimeType: string }
  | { readonly type: "resource"; readonly resource: EmbeddedResource }
  | { readonly type: "resource_link"; readonly uri: string; readonly name: string };

/** A resource inside a message; binary ones are base 64. */
export type EmbeddedResource = { readonly uri: string; readonly mimeType?: string } & (
  | { readonly text: string }
  | { readonly blob: string }
);

/** The result of `tools/call`. */
export interface ToolResult {
  readonly content: readonly ContentBlock[];
  readonly structuredContent?: object;
  readonly isError?: true;
  /** What the pipeline says of the call, each under a name that begins with `dormouse/`. */
  readonly _meta?: { readonly [name: string]: unknown };
}

/** The answer of a tool that has no structured result: what {@link content} makes. */
export class Content {
  readonly blocks: readonly ContentBlock[];

  constructor(blocks: readonly ContentBlock[]) {
    this.blocks = blocks;
  }
}

/** Answers with blocks of content; for images, audio and embedded resources. Data has a structured result instead. */
export const content = (...blocks: readonly ContentBlock[]): Content => new Content(blocks);

export const text = (value: string): ContentBlock => ({ type: "text", text: value });

/** @param data base 64. */
export const image = (data: string, mimeType: string): ContentBlock => ({ type: "image", data, mimeType });

/** @param data base 64. */
export const audio = (data: string, mimeType: string): ContentBlock => ({ type: "audio", data, mimeType });

/** Says where a resource is read. Clients before 2025-06-18 know no such block. */
export const resourceLink = (uri: string, name: string): ContentBlock => ({ type: "resource_link", uri, name });

export const embedded = (resource: EmbeddedResource): ContentBlock => ({ type: "resource", resource });
