import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** The database files of the objects of one class that a Worker made on a state directory. */
export async function objectFilesIn(stateDir: string, className: "SessionAgent" | "Home" = "SessionAgent"): Promise<string[]> {
  const entries = await readdir(stateDir, { recursive: true, withFileTypes: true });
  return entries
    .filter(({ name, parentPath }) => /^[0-9a-f]{64}\.sqlite$/.test(name) && parentPath.endsWith(`-${className}`))
    .map(({ name, parentPath }) => join(parentPath, name));
}
