import { expect, it } from "vitest";
import type { CallEnd, CallRecorder, CallStart } from "../../../src/mcp/history.ts";
import { createRecorder } from "../../../src/session/recorder.ts";

const start: CallStart = { tool: "echo", startedMs: 1, era: "stateless", client: "test/1", trace: undefined, arguments: '{"a":1}' };
const end: CallEnd = { outcome: "ok", durationMs: 5, preview: "done", error: undefined };

/** Keeps what it is told, and counts. */
function createNotes() {
  const notes: object[] = [];
  let told = 0;
  const calls: CallRecorder = {
    append: (call) => notes.push(call),
    open: (call, outcome) => notes.push({ ...call, outcome }),
    reopen: (_, outcome) => void notes.push({ outcome }),
    noteResult: (_, result) => void notes.push({ result }),
    settle: (_, settled) => void notes.push(settled)
  };
  return { notes, calls, onRecorded: () => told++, told: () => told };
}

function record(mode: "full" | "metadata" | "off") {
  const { notes, calls, onRecorded, told } = createNotes();
  const recorder = createRecorder(calls, mode, onRecorded);
  const seqs = [recorder.append({ ...start, ...end }), recorder.open(start, "pending")];
  recorder.settle(1, end);
  return { notes, told: told(), seqs };
}

it("keeps all of a call, or all but its arguments and its answer, or nothing", () => {
  const { arguments: _, ...bare } = start;
  const { preview: __, ...ended } = end;
  expect(record("full")).toMatchObject({ notes: [{ ...start, ...end }, { ...start, outcome: "pending" }, end], told: 3 });
  expect(JSON.stringify(record("metadata").notes)).toBe(JSON.stringify([{ ...bare, ...ended }, { ...bare, outcome: "pending" }, ended]));
  expect(record("off")).toMatchObject({ notes: [], told: 0 });
});

it("numbers calls even where it keeps nothing, so that a line of the log names its call", () => {
  const [first = 0, second = 0] = record("off").seqs;
  expect(first).toBeGreaterThan(0);
  expect(second).toBeGreaterThan(first);
});
