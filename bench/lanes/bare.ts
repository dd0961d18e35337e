import { randomUUID } from "node:crypto";
import { HttpConnection } from "../http-connection.ts";
import { sessionOn } from "../mcp-session.ts";
import type { Lane } from "./lane.ts";

/** The floor: what nobody who answers durably from an object gets below. */
export const bare: Lane = {
  name: "bare",
  about: "a plain Durable Object that parses the body, inserts the same row and answers the same JSON",
  isOurs: false,
  main: "bench/workers/bare-worker.ts",
  open: async (port) => sessionOn(new HttpConnection(port), randomUUID())
};
