import { mintHandle, readHandle } from "../mcp/handle.ts";
import type { Call, History } from "../mcp/history.ts";
import type { Keyring } from "../mcp/keyring.ts";
import type { Principal } from "../mcp/principal.ts";
import type { Calls } from "../stores/calls.ts";

/** The history of one object, as its principal sees it. */
export function createOwnHistory(calls: Calls, owner: string, keyring: Keyring, principal: Principal): History {
  const toRecorded = ({ seq, ...call }: Call) => ({ ...call, call: mintHandle(keyring, principal.id, { kind: "call", owner, seq }) });
  return {
    list: (query) => {
      const page = calls.list(query);
      return { calls: page.calls.map(toRecorded), nextCursor: page.nextCursor };
    },
    get: (text) => {
      const handle = readHandle(keyring, principal.id, text);
      if (handle?.kind !== "call" || handle.owner !== owner) return undefined;
      const call = calls.get(handle.seq);
      return call && toRecorded(call);
    }
  };
}
