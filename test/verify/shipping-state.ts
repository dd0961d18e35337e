import { DatabaseSync } from "node:sqlite";
import { deserialize } from "node:v8";
import { objectFilesIn } from "./object-files.ts";

/** Where the calls of the sessions stood when the server was killed. */
export interface ShippingState {
  /** In their session only. */
  readonly unshipped: number;
  /** With home, and their session knows. */
  readonly shipped: number;
  /** With home, and their session had not been told. */
  readonly untold: number;
}

/** Reads the database files of the objects of a server that does not run. */
export async function readShippingState(stateDir: string): Promise<ShippingState> {
  const atHome = new Set<string>();
  for (const path of await objectFilesIn(stateDir, "Home")) for (const call of callsIn(path, "home_calls")) atHome.add(nameOf(call));
  const state = { unshipped: 0, shipped: 0, untold: 0 };
  for (const path of await objectFilesIn(stateDir, "SessionAgent")) {
    const through = shippedThrough(path);
    for (const call of callsIn(path, "calls")) {
      if (call.seq <= through) state.shipped++;
      else if (atHome.has(nameOf(call))) state.untold++;
      else state.unshipped++;
    }
  }
  return state;
}

interface StoredCall {
  readonly seq: number;
  readonly arguments: string;
}

/** Sessions number their calls by the clock, so that two may have the same number, but not for the same arguments. */
const nameOf = ({ seq, arguments: args }: StoredCall): string => `${seq} ${args}`;

function callsIn(path: string, table: string): StoredCall[] {
  using database = new DatabaseSync(path);
  if (!database.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(table)) return [];
  const rows = database.prepare(`SELECT seq, arguments FROM ${table}`).all();
  return rows.map((row) => ({ seq: Number(row.seq), arguments: String(row.arguments) }));
}

function shippedThrough(path: string): number {
  using database = new DatabaseSync(path);
  if (!database.prepare("SELECT 1 FROM sqlite_master WHERE name = '_cf_KV'").get()) return 0;
  const row = database.prepare("SELECT value FROM _cf_KV WHERE key = 'shipped_through'").get();
  return row ? Number(deserialize(row.value as Uint8Array)) : 0; // the runtime stores values as V8 writes them
}
