import { expect, it } from "vitest";
import { readLogLine } from "../../../src/lib/log-level.ts";

it.each([
  ['{"level":"error","message":"no"}', "error", "no"],
  ['{"severity":"WARNING","msg":"slow"}', "warn", "slow"],
  ['{"log.level":"info","event":"boot"}', "info", "boot"],
  ['{"level":50,"msg":"pino"}', "error", "pino"],
  ['{"level":60,"msg":"pino"}', "fatal", "pino"],
  ['{"message":"ERROR within"}', "error", "ERROR within"],
  ['{"level":"odd","user":"x"}', "none", '{"level":"odd","user":"x"}'],
  ['{"level":"error", not JSON', "error", '{"level":"error", not JSON'],
  ["2026-08-01T10:00:00Z\tabc\tERROR\tInvoke Error", "error", undefined],
  ["[WARN] slow", "warn", undefined],
  ["2026/08/01 [crit] 7#7: no space", "fatal", undefined],
  ["time=1 level=debug msg=x", "debug", undefined],
  ["INFO retried after an ERROR", "info", undefined],
  ["0 errors, no warning", "none", undefined],
  ["level=constructor", "none", undefined],
  ['{"level":"constructor","message":"built"}', "none", "built"],
  ['{"level":"__proto__","message":"INFO odd"}', "info", "INFO odd"],
  ["TERRORS and INFORMATION", "none", undefined],
  ["START RequestId: 1", "none", undefined]
])("reads %j", (message, level, text) => {
  expect(readLogLine(message)).toEqual({ level, text: text ?? message });
});
