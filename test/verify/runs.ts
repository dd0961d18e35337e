import { createRandom } from "../unit/random.ts";
import { expectReports } from "./killed-reports.ts";
import { expectWrites } from "./killed-writes.ts";
import { type Expect, runCheck } from "./run-check.ts";
import { expectUntouched } from "./untouched-run.ts";
import { expectWaiting } from "./waiting-runs.ts";

// Runs go on when their server is killed, by themselves where nobody asks for them, and send no write twice; those that wait cost
// neither a wake nor an alarm.
//   node test/verify/runs.ts [seed]

async function finishesRuns(expect: Expect): Promise<void> {
  const seed = Number(process.argv[2] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}`);
  const random = createRandom(seed);
  await expectReports(expect, random);
  await expectWrites(expect, random);
  await Promise.all([expectUntouched(expect), expectWaiting(expect)]); // both only wait, most of the time
}

await runCheck(finishesRuns);
