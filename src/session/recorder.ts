import type { HistoryMode } from "../config.ts";
import type { CallEnd, CallRecorder, CallStart } from "../mcp/history.ts";
import { nextCallNumber } from "../mcp/signed/call-number.ts";

/** Records as much of each call as the deployment wants to keep. @param onRecorded runs after each row. */
export function createRecorder(calls: CallRecorder, mode: HistoryMode, onRecorded: () => void): CallRecorder {
  if (mode === "off") return createForgetful();
  const startOf = <C extends CallStart>(call: C): C => (mode === "full" ? call : { ...call, arguments: undefined });
  const endOf = <E extends CallEnd>(end: E): E => (mode === "full" ? end : { ...end, preview: undefined });
  const recorded = <T>(value: T): T => {
    onRecorded();
    return value;
  };
  return {
    append: (call) => recorded(calls.append(endOf(startOf(call)))),
    open: (start, outcome) => recorded(calls.open(startOf(start), outcome)),
    reopen: (seq, outcome) => recorded(calls.reopen(seq, outcome)),
    noteResult: (seq, result) => calls.noteResult(seq, result),
    settle: (seq, end) => recorded(calls.settle(seq, endOf(end)))
  };
}

/** Keeps nothing, and numbers the calls all the same: an error names its call in the log by its handle. */
function createForgetful(): CallRecorder {
  let last = 0;
  const next = (): number => {
    last = nextCallNumber(last, Date.now());
    return last;
  };
  return { append: next, open: next, reopen() {}, noteResult() {}, settle() {} };
}
