import { afterEach, expect, it, vi } from "vitest";
import { createOpenMeteo } from "../../../src/clients/open-meteo.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

it("answers visible text only, for anybody may edit the gazetteer", async () => {
  const place = { name: "Mad\u200brid\u{e0041}", admin1: "\u202eMadrid", country: "Spain", latitude: 40.4, longitude: -3.7 };
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json({ results: [place] }));
  const weather = createOpenMeteo({
    ...{ geocodingUrl: "https://geocoding.test", forecastUrl: "https://forecast.test", timeoutMs: 1000 },
    signal: new AbortController().signal
  });
  expect(await weather.findPlace("Madrid")).toEqual({
    name: "Madrid",
    region: "Madrid",
    country: "Spain",
    latitude: 40.4,
    longitude: -3.7
  });
});
