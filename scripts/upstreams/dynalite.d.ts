/** What is used of dynalite, which has no types of its own. Source: https://github.com/architect/dynalite#readme */
declare module "dynalite" {
  import type { Server } from "node:http";

  /** Makes a server that does not listen yet; its tables live in memory. */
  function dynalite(options?: { createTableMs?: number; deleteTableMs?: number }): Server;

  export = dynalite;
}
