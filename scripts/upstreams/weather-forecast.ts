import { nearestCity } from "./weather-cities.ts";
import { dateIn, minuteIn, offsetSeconds, zoneAbbreviation } from "./zoned-time.ts";

/** A parameter that Open-Meteo refuses too; the message becomes `reason`. */
export class BadParameter extends Error {}

/** Answers like https://open-meteo.com/en/docs, with numbers that follow from the coordinates and the day's place in the list alone. */
export function forecastFor(query: URLSearchParams, nowMs: number): Record<string, unknown> {
  const latitude = numberIn(query, "latitude", "Latitude", 90);
  const longitude = numberIn(query, "longitude", "Longitude", 180);
  if (query.has("hourly")) throw new BadParameter("This stub serves 'current' and 'daily', not 'hourly'.");
  const units = unitsOf(query);
  const near = nearestCity(latitude, longitude);
  const timezone = timezoneOf(query.get("timezone"), near.timezone);
  const place: Place = { latitude, longitude, timezone };
  const forecast: Record<string, unknown> = {
    latitude,
    longitude,
    generationtime_ms: 0.05,
    utc_offset_seconds: offsetSeconds(nowMs, timezone),
    timezone,
    timezone_abbreviation: zoneAbbreviation(nowMs, timezone),
    elevation: near.elevation
  };
  const current = variablesIn(query, "current", CURRENT);
  if (current.length > 0) {
    forecast.current_units = { time: "iso8601", interval: "seconds", ...unitsFor(current, units) };
    const time = minuteIn(nowMs - (nowMs % QUARTER_HOUR_MS), timezone);
    forecast.current = { time, interval: QUARTER_HOUR_MS / 1000, ...valuesFor(current, units, place, 0, time.slice(0, 10)) };
  }
  const daily = variablesIn(query, "daily", DAILY);
  if (daily.length > 0) {
    const dates = Array.from({ length: daysOf(query) }, (_, day) => dateIn(nowMs + day * DAY_MS, timezone));
    const days = dates.map((date, day) => valuesFor(daily, units, place, day, date));
    forecast.daily_units = { time: "iso8601", ...unitsFor(daily, units) };
    forecast.daily = { time: dates, ...Object.fromEntries(daily.map(([name]) => [name, days.map((values) => values[name])])) };
  }
  return forecast;
}

interface Place {
  readonly latitude: number;
  readonly longitude: number;
  readonly timezone: string;
}

/** What a variable measures decides which unit parameter applies to it. */
type Kind = keyof typeof FIXED_UNITS | "temperature" | "wind" | "precipitation";
/** Computes a value in °C, km/h or mm from the place, the day's number and its date. */
type Compute = (place: Place, day: number, date: string) => number | string;
type Variable = readonly [name: string, kind: Kind, compute: Compute];

const DAY_MS = 86_400_000;
const QUARTER_HOUR_MS = 900_000;
const FIXED_UNITS = { percent: "%", code: "wmo code", pressure: "hPa", degrees: "°", seconds: "s", time: "iso8601", none: "" } as const;
const CODES = [0, 1, 2, 3, 45, 51, 61, 63, 80] as const;

const warmth = ({ latitude, longitude }: Place, day: number): number =>
  28 - Math.abs(latitude) * 0.42 + 6 * (noise(latitude, longitude, day) - 0.5);
const dampness = ({ latitude, longitude }: Place, day: number): number => noise(longitude, latitude, day + 50);
const wind = ({ latitude, longitude }: Place, day: number): number => 4 + 26 * noise(latitude, longitude, day + 100);
const rain = (place: Place, day: number): number => Math.max(0, dampness(place, day) - 0.55) * 20;
const code = (place: Place, day: number): number => CODES[Math.floor(dampness(place, day) * CODES.length)] ?? 0;
const bearing = ({ latitude, longitude }: Place, day: number): number => Math.floor(360 * noise(latitude + longitude, day, 7));

const CURRENT: readonly Variable[] = [
  ["temperature_2m", "temperature", (place, day) => warmth(place, day)],
  ["relative_humidity_2m", "percent", (place, day) => Math.round(35 + 60 * dampness(place, day))],
  ["apparent_temperature", "temperature", (place, day) => warmth(place, day) - wind(place, day) / 15],
  ["is_day", "none", () => 1],
  ["precipitation", "precipitation", (place, day) => rain(place, day) / 8],
  ["rain", "precipitation", (place, day) => rain(place, day) / 8],
  ["weather_code", "code", code],
  ["cloud_cover", "percent", (place, day) => Math.round(100 * dampness(place, day))],
  ["pressure_msl", "pressure", (place, day) => 1028 - 26 * dampness(place, day)],
  ["surface_pressure", "pressure", (place, day) => 1022 - 26 * dampness(place, day)],
  ["wind_speed_10m", "wind", wind],
  ["wind_direction_10m", "degrees", bearing],
  ["wind_gusts_10m", "wind", (place, day) => wind(place, day) * 1.7]
];

const DAILY: readonly Variable[] = [
  ["weather_code", "code", code],
  ["temperature_2m_max", "temperature", (place, day) => warmth(place, day) + 3.5],
  ["temperature_2m_min", "temperature", (place, day) => warmth(place, day) - 4.5],
  ["apparent_temperature_max", "temperature", (place, day) => warmth(place, day) + 2.6],
  ["apparent_temperature_min", "temperature", (place, day) => warmth(place, day) - 6.1],
  ["sunrise", "time", (_place, _day, date) => `${date}T06:24`],
  ["sunset", "time", (_place, _day, date) => `${date}T18:51`],
  ["daylight_duration", "seconds", () => 44_820],
  ["uv_index_max", "none", (place) => Math.max(0, 9 - Math.abs(place.latitude) * 0.12)],
  ["precipitation_sum", "precipitation", rain],
  ["rain_sum", "precipitation", rain],
  ["precipitation_probability_max", "percent", (place, day) => Math.round(100 * dampness(place, day))],
  ["wind_speed_10m_max", "wind", (place, day) => wind(place, day) * 1.2],
  ["wind_gusts_10m_max", "wind", (place, day) => wind(place, day) * 1.9],
  ["wind_direction_10m_dominant", "degrees", bearing]
];

/** The converted kinds: the parameter, and what each of its values makes of °C, km/h or mm; the first value is the default. */
const CONVERTED = {
  temperature: {
    parameter: "temperature_unit",
    choices: { celsius: ["°C", (value: number) => value], fahrenheit: ["°F", (value: number) => value * 1.8 + 32] }
  },
  wind: {
    parameter: "wind_speed_unit",
    choices: {
      kmh: ["km/h", (value: number) => value],
      ms: ["m/s", (value: number) => value / 3.6],
      mph: ["mp/h", (value: number) => value / 1.609344],
      kn: ["kn", (value: number) => value / 1.852]
    }
  },
  precipitation: {
    parameter: "precipitation_unit",
    choices: { mm: ["mm", (value: number) => value], inch: ["inch", (value: number) => value / 25.4] }
  }
} as const;

interface Unit {
  readonly symbol: string;
  convert(value: number): number;
}
type Units = ReadonlyMap<string, Unit>;

function unitsOf(query: URLSearchParams): Units {
  const units = new Map<string, Unit>(Object.entries(FIXED_UNITS).map(([kind, symbol]) => [kind, { symbol, convert: (value) => value }]));
  for (const [kind, { parameter, choices }] of Object.entries(CONVERTED)) {
    const names = Object.keys(choices);
    const wanted = query.get(parameter) ?? names[0];
    const choice = Object.entries(choices).find(([name]) => name === wanted)?.[1];
    if (choice === undefined) throw new BadParameter(`Parameter '${parameter}' must be one of ${names.join(", ")}. Given: ${wanted}.`);
    units.set(kind, { symbol: choice[0], convert: choice[1] });
  }
  return units;
}

const unitsFor = (variables: readonly Variable[], units: Units): Record<string, string> =>
  Object.fromEntries(variables.map(([name, kind]) => [name, units.get(kind)?.symbol ?? ""]));

function valuesFor(variables: readonly Variable[], units: Units, place: Place, day: number, date: string): Record<string, number | string> {
  return Object.fromEntries(
    variables.map(([name, kind, compute]) => {
      const value = compute(place, day, date);
      return [name, typeof value === "string" ? value : Math.round((units.get(kind)?.convert(value) ?? value) * 10) / 10];
    })
  );
}

function variablesIn(query: URLSearchParams, key: string, known: readonly Variable[]): readonly Variable[] {
  const names = query.getAll(key).flatMap((list) => list.split(",").filter((name) => name !== ""));
  return names.map((name) => {
    const variable = known.find(([knownName]) => knownName === name);
    if (variable === undefined)
      throw new BadParameter(`Data corrupted at path ''. Cannot initialize variable from invalid String value ${name} for key ${key}.`);
    return variable;
  });
}

function numberIn(query: URLSearchParams, key: string, title: string, limit: number): number {
  const text = query.get(key);
  if (text === null || text.trim() === "") throw new BadParameter(`Parameter '${key}' is required.`);
  const value = Number(text);
  if (!(Math.abs(value) <= limit)) throw new BadParameter(`${title} must be in range of -${limit} to ${limit}°. Given: ${text}.`);
  return value;
}

function daysOf(query: URLSearchParams): number {
  const days = Number(query.get("forecast_days") ?? 7);
  if (!Number.isInteger(days) || days < 0 || days > 16)
    throw new BadParameter(`Forecast days is invalid. Allowed range 0 to 16. Given ${query.get("forecast_days")}.`);
  return days;
}

function timezoneOf(wanted: string | null, local: string): string {
  if (wanted === null) return "GMT";
  if (wanted === "auto") return local;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: wanted }).resolvedOptions().timeZone;
  } catch (cause) {
    throw new BadParameter(`Invalid timezone. Given: ${wanted}.`, { cause });
  }
}

/** A number from 0 to 1 that looks random and is always the same for the same arguments. */
function noise(first: number, second: number, third: number): number {
  const wave = Math.sin(first * 12.9898 + second * 78.233 + third * 37.719) * 43_758.5453;
  return wave - Math.floor(wave);
}
