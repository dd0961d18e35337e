import { expect, it, vi } from "vitest";
import { RunningCalls } from "../../../../src/mcp/running-calls.ts";
import { type Runners, stopWhereItRuns, watchWhereItRuns } from "../../../../src/session/home/where-it-runs.ts";

const HANDLE = { kind: "call", owner: "0123abcd", seq: 1 } as const;

/** A session whose object breaks off when it is asked, and is at nothing when it is asked again. */
function breaksOff(times: number) {
  const answers = vi.fn(() => (answers.mock.calls.length <= times ? Promise.reject(new Error("broken")) : undefined));
  const door = { watchCall: async () => answers(), stopCall: async () => answers() ?? false };
  const sessions = { get: () => ({ name: "a session" }) };
  return { own: "zzzzzzzz", running: new RunningCalls(), sessions, sessionDoor: () => door } as unknown as Runners;
}

it("stops nothing where the object that ran the call breaks off while it is asked", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  expect(await stopWhereItRuns(breaksOff(1), HANDLE)).toBe(false);
  await expect(stopWhereItRuns(breaksOff(2), HANDLE)).rejects.toThrow("broken");
  log.mockRestore();
});

it("does not say that a call is lost before an object that broke off has been asked again", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  const session = breaksOff(1);
  expect(await watchWhereItRuns(session, HANDLE, 0)).toEqual({ isLost: false });
  expect(await watchWhereItRuns(session, HANDLE, 0)).toEqual({ isLost: true });
  log.mockRestore();
});
