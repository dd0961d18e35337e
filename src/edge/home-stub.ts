import { homeNameOf } from "../mcp/home-name.ts";
import type { Principal } from "../mcp/principal.ts";

/** The object that owns what belongs to a principal. */
export function homeStubOf({ id }: Principal, homes: Env["HOME"]): DurableObjectStub {
  let objectId = known.get(id);
  if (!objectId) {
    objectId = homes.idFromName(`home:${homeNameOf(id)}`);
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(id, objectId);
  }
  return homes.get(objectId);
}

/** Names that were computed, so that the next requests of a principal need not hash again. */
const known = new Map<string, DurableObjectId>();
const MAX_KNOWN = 2000;
