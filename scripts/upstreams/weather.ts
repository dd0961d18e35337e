import type { IncomingMessage, ServerResponse } from "node:http";
import { type LocalServer, sendJson, startLocalServer } from "./local-server.ts";
import { findCities } from "./weather-cities.ts";
import { BadParameter, forecastFor } from "./weather-forecast.ts";

/** A running weather stub, with the two addresses that the Worker's settings want. */
export interface WeatherUpstream extends LocalServer {
  readonly geocodingUrl: string;
  readonly forecastUrl: string;
}

/** Starts a stub of Open-Meteo's geocoding and forecast, written after its public reference; it knows a few cities and no weather. */
export async function startWeather(options: { port?: number; now?: () => number } = {}): Promise<WeatherUpstream> {
  const { port, now = Date.now } = options;
  const server = await startLocalServer((request, response) => answer(request, response, now()), port);
  return { ...server, geocodingUrl: `${server.url}/v1/search`, forecastUrl: `${server.url}/v1/forecast` };
}

function answer(request: IncomingMessage, response: ServerResponse, nowMs: number): void {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
  try {
    if (pathname === "/v1/search") sendJson(response, 200, geocode(searchParams));
    else if (pathname === "/v1/forecast") sendJson(response, 200, forecastFor(searchParams, nowMs));
    else sendJson(response, 404, { error: true, reason: "Not Found" });
  } catch (cause) {
    if (!(cause instanceof BadParameter)) throw cause;
    sendJson(response, 400, { error: true, reason: cause.message });
  }
}

/** Names stay English whatever `language` says. Without a match the answer has no `results`, as the real one. */
function geocode(query: URLSearchParams): Record<string, unknown> {
  const name = query.get("name");
  if (name === null) throw new BadParameter("Parameter 'name' is required.");
  const count = Number(query.get("count") ?? 10);
  if (!Number.isInteger(count) || count < 1 || count > 100) throw new BadParameter("Parameter count must be between 1 and 100.");
  const format = query.get("format") ?? "json";
  if (format !== "json") throw new BadParameter(`This stub answers in JSON only. Given: ${format}.`);
  const results = findCities(name, count);
  return { ...(results.length > 0 && { results }), generationtime_ms: 0.3 };
}
