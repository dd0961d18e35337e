import { z } from "zod";
import { withTimeout } from "../lib/timeout.ts";
import { toVisibleJson } from "../lib/visible-text.ts";
import { UpstreamFailed, UpstreamLimited } from "../mcp/errors.ts";
import type { Forecast, Place, Units, Weather } from "../mcp/weather.ts";
import { retryRead } from "./retry.ts";

/** The settings of {@link createOpenMeteo}. */
export interface OpenMeteoOptions {
  readonly geocodingUrl: string;
  readonly forecastUrl: string;
  /** How long one request may take, its repetitions included, milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Open-Meteo, which needs no key. Sources: https://open-meteo.com/en/docs and https://open-meteo.com/en/docs/geocoding-api */
export function createOpenMeteo(options: OpenMeteoOptions): Weather {
  return {
    async findPlace(name) {
      const answer = await getJson(options.geocodingUrl, { name, count: "1", language: "en", format: "json" }, geocoding, options);
      const [best] = answer.results ?? [];
      if (!best) return undefined;
      return { name: best.name, region: best.admin1, country: best.country, latitude: best.latitude, longitude: best.longitude };
    },
    async forecast(place, units) {
      return toForecast(await getJson(options.forecastUrl, forecastQuery(place, units), forecast, options));
    }
  };
}

const geocoding = z.object({
  results: z
    .array(
      z.object({
        name: z.string(),
        admin1: z.string().optional(),
        country: z.string().optional(),
        latitude: z.number(),
        longitude: z.number()
      })
    )
    .optional()
});

const forecast = z.object({
  timezone: z.string(),
  current: z.object({
    time: z.string(),
    temperature_2m: z.number(),
    apparent_temperature: z.number(),
    relative_humidity_2m: z.number(),
    wind_speed_10m: z.number(),
    weather_code: z.number()
  }),
  daily: z.object({
    time: z.array(z.string()),
    temperature_2m_min: z.array(z.number()),
    temperature_2m_max: z.array(z.number()),
    precipitation_probability_max: z.array(z.number().nullable()),
    weather_code: z.array(z.number())
  })
});

const FORECAST_DAYS = 3;

function forecastQuery({ latitude, longitude }: Place, units: Units): Record<string, string> {
  return {
    latitude: String(latitude),
    longitude: String(longitude),
    current: Object.keys(forecast.shape.current.shape)
      .filter((name) => name !== "time")
      .join(","),
    daily: Object.keys(forecast.shape.daily.shape)
      .filter((name) => name !== "time")
      .join(","),
    temperature_unit: units === "metric" ? "celsius" : "fahrenheit",
    wind_speed_unit: units === "metric" ? "kmh" : "mph",
    timezone: "auto",
    forecast_days: String(FORECAST_DAYS)
  };
}

function toForecast({ timezone, current, daily }: z.output<typeof forecast>): Forecast {
  return {
    observedAt: current.time,
    timezone,
    temperature: current.temperature_2m,
    feelsLike: current.apparent_temperature,
    humidity: current.relative_humidity_2m,
    windSpeed: current.wind_speed_10m,
    condition: conditionOf(current.weather_code),
    days: daily.time.map((date, day) => ({
      date,
      low: daily.temperature_2m_min[day] ?? Number.NaN,
      high: daily.temperature_2m_max[day] ?? Number.NaN,
      precipitationChance: daily.precipitation_probability_max[day] ?? undefined,
      condition: conditionOf(daily.weather_code[day] ?? -1)
    }))
  };
}

/** WMO weather interpretation codes, as https://open-meteo.com/en/docs#weather_variable_documentation lists them. */
const CONDITIONS: Readonly<Record<number, string>> = {
  0: "clear sky",
  1: "mainly clear",
  2: "partly cloudy",
  3: "overcast",
  45: "fog",
  48: "depositing rime fog",
  51: "light drizzle",
  53: "drizzle",
  55: "dense drizzle",
  56: "light freezing drizzle",
  57: "freezing drizzle",
  61: "light rain",
  63: "rain",
  65: "heavy rain",
  66: "light freezing rain",
  67: "heavy freezing rain",
  71: "light snow",
  73: "snow",
  75: "heavy snow",
  77: "snow grains",
  80: "light showers",
  81: "showers",
  82: "violent showers",
  85: "light snow showers",
  86: "heavy snow showers",
  95: "thunderstorm",
  96: "thunderstorm with light hail",
  99: "thunderstorm with heavy hail"
};

const conditionOf = (code: number): string => CONDITIONS[code] ?? "unknown";

class PassingFailure extends UpstreamFailed {}

async function getJson<T>(url: string, query: Record<string, string>, schema: z.ZodType<T>, options: OpenMeteoOptions): Promise<T> {
  const address = new URL(url);
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  const isPassing = (error: unknown) => error instanceof PassingFailure;
  return withTimeout(options.timeoutMs, options.signal, async (bounded) => {
    try {
      return await retryRead(bounded, isPassing, () => getOnce(address, schema, bounded));
    } catch (error) {
      if (options.signal.aborted) throw options.signal.reason;
      if (!bounded.aborted) throw error;
      throw new UpstreamFailed(`The weather service did not answer within ${options.timeoutMs / 1000} s.`, { cause: error });
    }
  });
}

async function getOnce<T>(address: URL, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> {
  const response = await fetch(address, { signal, headers: { accept: "application/json" } }).catch((cause: unknown) => {
    throw new PassingFailure("The weather service could not be reached. Try again in a minute.", { cause });
  });
  if (response.status === 429) throw new UpstreamLimited("The weather service's rate limit is used up. Try again in 60 s.");
  if (response.status >= 500) throw new PassingFailure(`The weather service answered ${response.status}. Try again in a minute.`);
  if (!response.ok) throw new UpstreamFailed(`The weather service refused with status ${response.status}.`);
  const parsed = schema.safeParse(toVisibleJson(await response.json().catch(() => undefined)));
  if (parsed.success) return parsed.data;
  throw new UpstreamFailed("The weather service's answer could not be read. Try again in a minute.", { cause: parsed.error });
}
