import type { IncomingHttpHeaders } from "node:http";

/** What the emulator answered. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}
