import { z } from "zod";
import { defineTool, readOnly } from "../../mcp/define-tool.ts";
import { NotFound } from "../../mcp/errors.ts";
import { writtenByOthers } from "../../mcp/written-by-others.ts";

export const getWeather = defineTool({
  name: "get_weather",
  title: "Get the weather",
  description: "Tells the weather of a place as it is, and its forecast for three days. Takes the place's name, not coordinates.",
  toolset: "weather",
  scopes: ["mcp:use"],
  annotations: readOnly,
  input: z.strictObject({
    location: z.string().trim().min(2).max(100).describe("A town or a postal code, as in Madrid"),
    units: z.enum(["metric", "imperial"]).default("metric").describe("metric: °C and km/h; imperial: °F and mph")
  }),
  output: z.object({
    // From a gazetteer that anybody may edit: https://www.geonames.org/about.html
    location: writtenByOthers(z.string().describe("The place that was found, with its region and country")),
    latitude: z.number(),
    longitude: z.number(),
    units: z.object({ temperature: z.enum(["°C", "°F"]), windSpeed: z.enum(["km/h", "mph"]) }),
    observedAt: z.string().describe("Local time of the place, ISO 8601 without an offset"),
    timezone: z.string().describe("IANA name"),
    temperature: z.number(),
    feelsLike: z.number(),
    humidity: z.number().describe("Percent"),
    windSpeed: z.number(),
    condition: z.string(),
    days: z.array(
      z.object({
        date: z.string(),
        low: z.number(),
        high: z.number(),
        precipitationChance: z.number().optional().describe("Percent"),
        condition: z.string()
      })
    )
  }),
  async run({ location, units }, ctx) {
    const place = await ctx.weather.findPlace(location);
    if (!place) throw new NotFound(`No place is called "${location}". Give a town's name in English, without its country.`);
    const { days, ...now } = await ctx.weather.forecast(place, units);
    return {
      location: [...new Set([place.name, place.region, place.country])].filter(Boolean).join(", "),
      latitude: place.latitude,
      longitude: place.longitude,
      units: units === "metric" ? METRIC : IMPERIAL,
      ...now,
      days: [...days]
    };
  },
  render({ location, latitude, longitude, timezone, temperature, feelsLike, humidity, windSpeed, condition, units, observedAt, days }) {
    const unit = units.temperature;
    const coming = days.map(({ date, low, high, condition: then, precipitationChance }) =>
      [
        `${date}: ${low} to ${high} ${unit}, ${then}`,
        precipitationChance !== undefined && `${precipitationChance} % chance of rain or snow`
      ]
        .filter(Boolean)
        .join(", ")
    );
    return [
      `Weather in ${JSON.stringify(location)} (${latitude}, ${longitude}) at ${observedAt} ${timezone}: ${temperature} ${unit} (feels like ${feelsLike} ${unit}), ${condition}`,
      `Humidity ${humidity} %, wind ${windSpeed} ${units.windSpeed}`,
      ...coming
    ].join("\n");
  }
});

const METRIC = { temperature: "°C", windSpeed: "km/h" } as const;
const IMPERIAL = { temperature: "°F", windSpeed: "mph" } as const;
