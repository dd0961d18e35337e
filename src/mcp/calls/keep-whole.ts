import { utf8Bytes } from "../../lib/text.ts";
import { type ContentBlock, resourceLink, type ToolResult, text } from "../content.ts";
import type { Tool } from "../define-tool.ts";
import { KeptWhole, OutcomeUnknown, QuotaReached, ToolError } from "../errors.ts";
import type { Results, ResultType } from "../results.ts";
import { AnswerTooLarge, type SizedResult, sayKib, shownBytesOf, textOf, toFittingResult } from "./tool-result.ts";

/**
 * Makes the result of what a tool returned: see {@link toFittingResult}. An answer that is larger than a message is kept whole, as a
 * stored result; one that says where a whole is stored has a link to it.
 * @throws KeptWhole, QuotaReached where there is no room, and what {@link toFittingResult} throws.
 */
export async function toResultOrKeep(tool: Tool, output: object, limitBytes: number, results: () => Results): Promise<SizedResult> {
  try {
    const sized = toFittingResult(tool, output, limitBytes);
    const stored = storedIn(sized.result);
    return stored === undefined ? sized : { ...sized, result: { ...sized.result, ...linkTo(stored, sized.result.content) }, stored };
  } catch (error) {
    const whole = error instanceof AnswerTooLarge ? error : error instanceof Error ? error.cause : undefined;
    if (!(whole instanceof AnswerTooLarge)) throw error;
    throw (await keep(tool, whole, results)) ?? error;
  }
}

/** The content of an answer with a link to a stored result, and its handle for programs. */
export function linkTo(result: string, content: readonly ContentBlock[]): Pick<ToolResult, "content" | "_meta"> {
  return { content: [...content, resourceLink(`result://${result}`, result)], _meta: { "dormouse/result": result } };
}

/**
 * What a repetition is answered for a call that went on without its client: the whole answer where it fits a message, else where it is kept,
 * if it is.
 */
export function toRepeatable(tool: Tool, result: ToolResult, limitBytes: number, kept: string | undefined): ToolResult {
  const sizeBytes = shownBytesOf(result);
  if (sizeBytes <= limitBytes) return result;
  const message = `${sayTooLarge(tool, sizeBytes)} ${kept === undefined ? "It could not be kept." : sayKept(kept)}`;
  return { ...(kept === undefined ? { content: [text(message)] } : linkTo(kept, [text(message)])), isError: true };
}

const sayTooLarge = ({ name, annotations }: Tool, sizeBytes: number): string =>
  `${annotations.readOnlyHint ? "" : `${name} went through. `}The answer takes ${sayKib(sizeBytes)}, more than a message holds.`;

const sayKept = (handle: string): string => `It is kept whole as ${handle}: read_result reads it.`;

/** Keeps an answer, and tells how the call ends with it; `undefined` where keeping it failed for no reason that was foreseen. */
async function keep(tool: Tool, { result, sizeBytes }: AnswerTooLarge, results: () => Results): Promise<ToolError | undefined> {
  const isWrite = !tool.annotations.readOnlyHint;
  const said = sayTooLarge(tool, sizeBytes);
  try {
    const handle = await storeWhole(tool, result, results());
    return new KeptWhole(`${said} ${sayKept(handle)}`, handle, isWrite);
  } catch (error) {
    if (!(error instanceof ToolError)) {
      console.error(JSON.stringify({ level: "error", event: "answer_not_kept", tool: tool.name, error: String(error) }));
      return undefined;
    }
    const message = `${said} It could not be kept. ${error.message}`;
    if (isWrite) return new OutcomeUnknown(message, { cause: error });
    return error instanceof QuotaReached ? new QuotaReached(message, error.limit) : undefined;
  }
}

/** Stores an answer whole; returns its handle. @throws QuotaReached, TooLarge */
export async function storeWhole({ name }: Tool, result: ToolResult, results: Pick<Results, "begin" | "remove">): Promise<string> {
  const { text: whole, type } = toWhole(result);
  const writer = await results.begin({ tool: name, title: titleOfAnswer(name), type });
  try {
    await writer.write(whole);
    await writer.end();
  } catch (error) {
    await results.remove(writer.result).catch(() => {}); // half of it would only take room; why it is half is what to tell
    throw error;
  }
  return writer.result;
}

/** By which an answer that was stored whole is known among results. */
export const titleOfAnswer = (tool: string): string => `An answer of ${tool}`;

/** JSON is spread over lines, so that it can be read a page at a time. */
function toWhole(result: ToolResult): { text: string; type: ResultType } {
  const { structuredContent, content } = result;
  if (structuredContent) return { text: JSON.stringify(structuredContent, null, 1), type: "application/json" };
  if (content.every(({ type }) => type === "text")) return { text: textOf(result), type: "text/plain" };
  return { text: JSON.stringify(content, null, 1), type: "application/json" };
}

/** The stored result that an answer names as its own. */
function storedIn({ structuredContent }: ToolResult): string | undefined {
  const named = structuredContent && "result" in structuredContent ? structuredContent.result : undefined;
  return typeof named === "string" && utf8Bytes(named) <= MAX_HANDLE_BYTES && named.startsWith("res_") ? named : undefined;
}

const MAX_HANDLE_BYTES = 64;
