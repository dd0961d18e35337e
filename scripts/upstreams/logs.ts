import { createStubGroup } from "./log-events.ts";
import { type LogsStub, startLogsStub } from "./logs-stub.ts";

/** A running stub with a service's logs, and what of it a server is given. */
export interface LogsUpstream extends LogsStub {
  /** What the Worker's settings want. */
  readonly settings: Readonly<Record<string, string>>;
  /** A group of some hours. */
  readonly group: string;
}

const HOUR_MS = 3_600_000;

/** Starts the stub with some hours of a web service's logs, up to the present, and a group that nobody is given. */
export async function startLogs(options: { port?: number; now?: () => number } = {}): Promise<LogsUpstream> {
  const { port, now = Date.now } = options;
  const endMs = now();
  const groups = [
    createStubGroup({ name: "/shop/web", events: 20_000, startMs: endMs - 6 * HOUR_MS, endMs }),
    createStubGroup({ name: "/shop/payments", events: 900, startMs: endMs - 3 * HOUR_MS, endMs, seed: 2 }),
    createStubGroup({ name: "/private/audit", events: 10, startMs: endMs - HOUR_MS, endMs, seed: 3 })
  ];
  const stub = await startLogsStub({ groups, ...(port !== undefined && { port }) });
  return { ...stub, settings: logsSettings(stub, "/shop/*"), group: "/shop/web" };
}

/** The settings of a local Worker that reads groups of a stub; nothing checks a signature. */
export const logsSettings = ({ url }: LogsStub, groups: string): Readonly<Record<string, string>> => ({
  ...{ AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local", AWS_PRINCIPALS: "local" },
  ...{ LOGS_URL: url, LOG_GROUPS: groups }
});
