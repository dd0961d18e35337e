import { Denied, InvalidInput, NotFound, QuotaReached, TooLarge, ToolError } from "../errors.ts";

/** A foreseen failure on its way between two objects, where a class would be lost. */
export interface Refusal {
  readonly refused: string;
  readonly message: string;
  /** Of a quota. */
  readonly limit?: QuotaReached["limit"];
}

const CLASSES = { InvalidInput, NotFound, Denied, TooLarge } as const;

/** Writes a foreseen failure down. @throws whatever is not one. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof QuotaReached) return { refused: error.name, message: error.message, limit: error.limit };
  if (error instanceof ToolError && error.name in CLASSES) return { refused: error.name, message: error.message };
  throw error;
}

/** Reads what {@link toRefusal} wrote. */
export function fromRefusal({ refused, message, limit }: Refusal): ToolError {
  if (limit) return new QuotaReached(message, limit);
  const Class = CLASSES[refused as keyof typeof CLASSES] ?? InvalidInput; // written above
  return new Class(message);
}
