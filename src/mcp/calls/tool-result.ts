import { onlyLineFeeds, utf8Bytes } from "../../lib/text.ts";
import { Content, type ToolResult, text } from "../content.ts";
import type { Tool } from "../define-tool.ts";
import { OutcomeUnknown, TooLarge, ToolError, UpstreamFailed } from "../errors.ts";
import { nameMarkedFields } from "../written-by-others.ts";

/** A result and its length as JSON. */
export interface SizedResult {
  readonly result: ToolResult;
  readonly sizeBytes: number;
  /** The handle of the stored result that it names. */
  readonly stored?: string;
}

/** An answer that is larger than what a model is shown of one, whole. */
export class AnswerTooLarge extends TooLarge {
  readonly result: ToolResult;
  readonly sizeBytes: number;

  constructor(message: string, { result, sizeBytes }: SizedResult) {
    super(message);
    this.result = result;
    this.sizeBytes = sizeBytes;
  }
}

/** How much text takes, in words. */
export const sayKib = (sizeBytes: number): string => `${Math.ceil(sizeBytes / 1024)} KiB`;

/**
 * Validates what a tool returned, names what in it others wrote, adds its text twin and sees that it fits a message. A write has happened by now: what is wrong
 * with its answer must not invite another.
 * @throws AnswerTooLarge, UpstreamFailed, or for a write OutcomeUnknown.
 */
export function toFittingResult(tool: Tool, output: object, limitBytes: number): SizedResult {
  try {
    const result = toResult(tool, output);
    return { result, sizeBytes: requireFits(result, limitBytes) };
  } catch (cause) {
    if (tool.annotations.readOnlyHint || !(cause instanceof ToolError)) throw cause;
    throw new OutcomeUnknown(`${tool.name} went through, but its answer cannot be shown. Look at what it did before you do more.`, {
      cause
    });
  }
}

/** The text of a result; of other blocks their kind. */
export const textOf = ({ content }: ToolResult): string =>
  content.map((block) => (block.type === "text" ? block.text : `[${block.type}]`)).join("\n");

function toResult(tool: Tool, output: object): ToolResult {
  if (output instanceof Content) return { content: output.blocks };
  const { structured } = tool;
  const parsed = structured?.output.safeParse(output);
  if (structured && parsed?.success) {
    return {
      content: [text(onlyLineFeeds(structured.render(parsed.data)))],
      structuredContent: nameMarkedFields(parsed.data, structured.markedFields)
    };
  }
  throw new UpstreamFailed(`The answer of ${tool.name} does not have the shape that was promised.`, { cause: parsed?.error });
}

function requireFits(result: ToolResult, limitBytes: number): number {
  const sizeBytes = utf8Bytes(JSON.stringify(result));
  if (sizeBytes <= limitBytes) return sizeBytes;
  const shownBytes = shownBytesOf(result);
  if (shownBytes <= limitBytes) return sizeBytes;
  const message = `The answer takes ${sayKib(shownBytes)}, and one message holds ${sayKib(limitBytes)}. Ask for less.`;
  throw new AnswerTooLarge(message, { result, sizeBytes: shownBytes });
}

/**
 * How much of a result a model is shown at most, bytes: the text or the data: few clients show both.
 * docs/decisions/0009-each-half-of-an-answer-suffices.md
 */
export function shownBytesOf({ content, structuredContent }: ToolResult): number {
  const contentBytes = content.reduce((sum, block) => sum + utf8Bytes(block.type === "text" ? block.text : JSON.stringify(block)), 0);
  return Math.max(contentBytes, structuredContent ? utf8Bytes(JSON.stringify(structuredContent)) : 0);
}
