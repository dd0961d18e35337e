import { LOCAL_BINDINGS } from "../../test/support/built-worker.ts";
import { createApiKeys } from "../api-keys.ts";
import { openStateless } from "../stateless-post.ts";
import { type Lane, MAX_CONNECTIONS } from "./lane.ts";

const { keys, entries } = createApiKeys(MAX_CONNECTIONS);
let opened = 0;

/**
 * Dormouse in the stateless era. A principal has one object for all its calls, so a connection gets a key and with it a principal of
 * its own: as many objects as in the lanes that have sessions. The key is checked on every call, which those lanes need not do.
 */
export const stateless: Lane = {
  name: "stateless",
  about: "src/ as in dormouse, revision 2026-07-28: an API key per connection, so an object each; the key is checked on every call",
  isOurs: true,
  main: "bench/workers/dormouse-worker.ts",
  start: { bindings: { ...LOCAL_BINDINGS, RATE_LIMIT: "off" }, kv: { KEYS: entries } },
  open: async (port) => openStateless(port, keys[opened++ % keys.length] ?? "")
};
