import type { z } from "zod";
import { cut } from "../lib/text.ts";

/** Says in one line which fields are at fault and how. */
export function namesOfFaults(error: z.ZodError): string {
  const faults = error.issues.map(({ path, message }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message));
  return cut(faults.join(". "), 1000);
}
