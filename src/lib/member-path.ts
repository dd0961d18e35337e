/** Writes where a member stands as a program would: `steps[2].arguments.repo`, `labels["good first"]`. */
export function memberPath(parent: string, ...names: readonly PropertyKey[]): string {
  let path = parent;
  for (const name of names) {
    if (typeof name === "number") path += `[${name}]`;
    else if (!IDENTIFIER.test(String(name))) path += `[${JSON.stringify(String(name))}]`;
    else path += path === "" ? String(name) : `.${String(name)}`;
  }
  return path;
}

const IDENTIFIER = /^[\p{L}_$][\p{L}\p{N}_$]*$/u;
