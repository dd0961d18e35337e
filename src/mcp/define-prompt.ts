import type { z } from "zod";
import type { Complete } from "./completion.ts";
import type { ContentBlock } from "./content.ts";
import type { Context } from "./context.ts";

/** A message of a prompt. */
export interface PromptMessage {
  readonly role: "user" | "assistant";
  readonly content: ContentBlock;
}

/** A prompt of a catalog; its argument types are erased. */
export interface Prompt {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly toolset: string;
  readonly input: z.ZodObject<Record<string, z.ZodType<string | undefined>>>;
  messages(input: Record<string, string | undefined>, ctx: Context): Promise<PromptMessage[]>;
  /** Completes the value of an argument. */
  readonly complete?: Complete;
}

/** Defines a prompt; its arguments are strings, as the protocol has them. */
export function definePrompt<I extends z.ZodObject<Record<string, z.ZodType<string | undefined>>>>(
  definition: Omit<Prompt, "input" | "messages"> & {
    readonly input: I;
    messages(input: z.output<I>, ctx: Context): Promise<PromptMessage[]>;
  }
): Prompt {
  // The server parses with this very schema before it calls, so the types hold.
  return definition as unknown as Prompt;
}

/** A message of the user. */
export const userMessage = (text: string): PromptMessage => ({ role: "user", content: { type: "text", text } });
