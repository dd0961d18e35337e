import { randomUUID } from "node:crypto";
import { openStateless } from "../stateless-post.ts";
import type { Lane } from "./lane.ts";

/** The protocol's own SDK in the stateless era, in an object. */
export const statelessSdk: Lane = {
  name: "stateless-sdk",
  about: "createMcpHandler of @modelcontextprotocol/server in a plain Durable Object per connection, the same row as bare, no credentials",
  isOurs: false,
  main: "bench/workers/stateless-sdk-worker.ts",
  open: async (port) => openStateless(port, randomUUID())
};
