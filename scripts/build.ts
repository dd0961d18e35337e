import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Failure, runScript } from "./command-line.ts";
import { PROJECT_ROOT, runWranglerInTerminal } from "./wrangler.ts";

/**
 * The most that the gzipped bundle may weigh: an isolate reads it on each cold start. The authorization server and its pages take
 * 45 of it, tables and logs of AWS and stored results 30.
 */
const BUDGET_KIB = 510;

async function main(): Promise<number> {
  const code = await runWranglerInTerminal(["deploy", "--dry-run", "--minify", "--outdir", "dist"]);
  if (code !== 0) throw new Failure("The build failed; the lines above say why.");
  // What wrangler makes of main = "src/index.ts".
  const sizeKib = gzipSync(await readFile(join(PROJECT_ROOT, "dist/index.js"))).length / 1024;
  const verdict = `dist/index.js is ${sizeKib.toFixed(1)} KiB gzipped, of ${BUDGET_KIB} KiB allowed.`;
  if (sizeKib > BUDGET_KIB) throw new Failure(`${verdict} Make it smaller, or raise BUDGET_KIB in scripts/build.ts with a reason.`);
  console.log(verdict);
  return 0;
}

await runScript(main);
