import type { ChildProcess } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { convertV4MiniflareOptions, fetch, Log, LogLevel, Miniflare, type Request, Response } from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";

/** What a host is told, as JSON in its only argument. Paths are absolute. */
export interface HostOptions {
  readonly configPath: string;
  readonly bundlePath: string;
  readonly stateDir: string;
  readonly port: number;
  readonly inspectorPort: number | undefined;
  readonly bindings: Readonly<Record<string, string>>;
  readonly kv: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly documents: Readonly<Record<string, unknown>> | undefined;
}

/** What a host tells its parent once the Worker answers. */
export interface HostReady {
  readonly url: string;
  /** Of workerd, not of the host. */
  readonly pid: number;
}

const options = JSON.parse(process.argv[2] ?? "") as HostOptions;
let pid = 0;

// Miniflare starts a workerd that died again. It must stay dead, so the host ends with it: this listener is the first on the child.
subscribe("child_process", (message) => {
  const { process: child } = message as { process: ChildProcess };
  child.once("spawn", () => {
    pid = child.pid ?? 0;
  });
  child.once("exit", () => process.exit());
});

const miniflare = new Miniflare({
  ...convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: 0,
    cf: false, // it would be fetched from the network
    log: new Log(LogLevel.WARN),
    ...(options.inspectorPort !== undefined && { inspectorPort: options.inspectorPort }),
    workers: [toWorker(options)]
  }),
  resourcePersistencePath: options.stateDir
});
process.once("disconnect", () => void miniflare.dispose().finally(() => process.exit()));
await miniflare.ready;
for (const [name, entries] of Object.entries(options.kv)) {
  // Miniflare's types of it need the Workers' global ones, which Node's files do not load.
  const namespace = (await miniflare.getKVNamespace(name)) as unknown as { put(key: string, value: string): Promise<void> };
  for (const [key, value] of Object.entries(entries)) await namespace.put(key, value);
}
const url = (await miniflare.unsafeGetDirectURL()).origin;
process.send?.({ url, pid } satisfies HostReady);

/** The direct socket leads to the Worker without the proxy that Miniflare puts in front of it. */
function toWorker({ configPath, bundlePath, port, bindings, documents }: HostOptions) {
  const config = unstable_readConfig({ config: configPath });
  const { workerOptions } = unstable_getMiniflareWorkerOptions(configPath);
  return {
    ...workerOptions,
    name: config.name ?? "worker",
    modules: [{ type: "ESModule" as const, path: "index.js", contents: readFileSync(bundlePath, "utf8") }],
    // Not what a .env or a .dev.vars happens to say: only the configuration's vars and those of the caller.
    bindings: { ...config.vars, ...bindings },
    unsafeDirectSockets: [{ host: "127.0.0.1", port }],
    ...(documents && { outboundService: (request: Request) => serveOutside(request, documents) })
  };
}

/** Stands in for the Internet: these documents, this machine, and nothing else. */
async function serveOutside(request: Request, documents: Readonly<Record<string, unknown>>): Promise<Response> {
  if (new URL(request.url).hostname === "127.0.0.1") return fetch(request, { redirect: "manual" });
  const document = documents[request.url];
  return document === undefined ? new Response("Nobody is there.", { status: 502 }) : Response.json(document);
}
