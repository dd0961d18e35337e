import type { HomeDoor } from "../mcp/doors/home-door.ts";
import { homeNameOf } from "../mcp/doors/home-name.ts";
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

/** The same, as sessions and the edge ask it over RPC. */
export function homeDoorOf(principal: Principal, homes: Env["HOME"]): HomeDoor {
  // The generated type of the binding names a class that is made of the one that has the door.
  return homeStubOf(principal, homes) as unknown as HomeDoor;
}

/** Names that were computed, so that the next requests of a principal need not hash again. */
const known = new Map<string, DurableObjectId>();
const MAX_KNOWN = 2000;
