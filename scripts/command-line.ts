import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

/** Something that the person at the terminal can put right; shown without a stack. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A command that was typed wrongly: exit code 2, as is the custom. */
export class UsageError extends Failure {
  constructor(message: string) {
    super(message, 2);
  }
}

/** Parses strictly: an unknown option or a missing value is a {@link UsageError}. */
export function parseCommandLine<Options extends ParseArgsOptionsConfig>(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (cause) {
    // node adds a hint about positional arguments that helps nobody here.
    if (cause instanceof TypeError) throw new UsageError(`${cause.message.split(". ")[0]}. --help shows what there is.`);
    throw cause;
  }
}

/** Runs a script's `main` with its arguments and exits with the code that it returns. */
export async function runScript(main: (args: readonly string[]) => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    console.error(cause.message);
    process.exitCode = cause.exitCode;
  }
}
