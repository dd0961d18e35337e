import type { Count, Kind } from "../count.ts";

const zero = (): Count => ({ sqlRows: 0, keys: 0, alarmsSet: 0, requests: 0, alarmsRun: 0, sizeBytes: 0 });

/** Every object of this process runs in one isolate, so all of them count here. */
export const counts: Readonly<Record<Kind, Count>> = { session: zero(), home: zero() };

/** Counts what is written to the storage of an object, before anything uses it. */
export function countWrites(ctx: DurableObjectState, kind: Kind): DurableObjectState {
  const { storage } = ctx;
  const { sql, kv } = storage;
  const count = counts[kind];
  const noteSize = () => {
    count.sizeBytes = sql.databaseSize;
  };
  const exec = sql.exec.bind(sql);
  override(sql, "exec", ((query: string, ...bindings: SqlStorageValue[]) => {
    const cursor = exec(query, ...bindings);
    count.sqlRows += cursor.rowsWritten;
    noteSize();
    return cursor;
  }) as SqlStorage["exec"]); // its type parameter is the caller's
  const put = kv.put.bind(kv);
  override(kv, "put", (key, value) => {
    count.keys++;
    put(key, value);
    noteSize();
  });
  const setAlarm = storage.setAlarm.bind(storage);
  override(storage, "setAlarm", (atMs, options) => {
    count.alarmsSet++;
    return setAlarm(atMs, options);
  });
  return ctx;
}

/** The environment with bindings that count what goes through them, the same one each time. */
export function countRequests(env: Env): Env {
  known ??= { ...env, SESSION: countThrough(env.SESSION, "session"), HOME: countThrough(env.HOME, "home") };
  return known;
}

let known: Env | undefined;

function countThrough<T extends DurableObjectNamespace>(namespace: T, kind: Kind): T {
  const count = (stub: object) =>
    new Proxy(stub, {
      get:
        (target, name) =>
        (...args: unknown[]) =>
          countedCall(target, name, args)
    });
  const countedCall = (target: object, name: string | symbol, args: unknown[]) => {
    counts[kind].requests++;
    return call(target, name, args);
  };
  return new Proxy(namespace, {
    get:
      (target, name) =>
      (...args: unknown[]) => {
        const result = call(target, name, args);
        return name === "get" ? count(result as DurableObjectStub) : result;
      }
  });
}

/** Every property of a binding or a stub is a method. Not `.apply`: a stub would take that for a method of its object. */
const call = (target: object, name: string | symbol, args: unknown[]): unknown =>
  Reflect.apply(Reflect.get(target, name) as (...args: unknown[]) => unknown, target, args);

function override<T extends object, K extends keyof T>(target: T, name: K, value: T[K]): void {
  Object.defineProperty(target, name, { value });
}
