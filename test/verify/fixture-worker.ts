import { type BuiltWorker, LOCAL_BINDINGS, startBuiltWorker } from "../support/built-worker.ts";

/** Starts a built Worker of `test/fixtures` on a state directory, in local mode with all scopes. */
export function startFixture(main: string, stateDir: string, bindings: Readonly<Record<string, string>> = {}): Promise<BuiltWorker> {
  return startBuiltWorker({
    configPath: "test/fixtures/wrangler.toml",
    main: `test/fixtures/${main}`,
    stateDir,
    bindings: { ...LOCAL_BINDINGS, LOCAL_SCOPES: "all", ...bindings }
  });
}
