/** A place that a name stands for. */
export interface Place {
  readonly name: string;
  readonly region: string | undefined;
  readonly country: string | undefined;
  readonly latitude: number;
  readonly longitude: number;
}

/** The weather at a place, in the units that were asked for. */
export interface Forecast {
  readonly observedAt: string;
  readonly timezone: string;
  readonly temperature: number;
  readonly feelsLike: number;
  /** Percent. */
  readonly humidity: number;
  readonly windSpeed: number;
  readonly condition: string;
  readonly days: readonly ForecastDay[];
}

export interface ForecastDay {
  readonly date: string;
  readonly low: number;
  readonly high: number;
  /** Percent; absent where the model gives none. */
  readonly precipitationChance: number | undefined;
  readonly condition: string;
}

/** `metric` is degrees Celsius and km/h, `imperial` degrees Fahrenheit and mph. */
export type Units = "metric" | "imperial";

/** A weather service. */
export interface Weather {
  /** The best match for a name; `undefined` if there is none. */
  findPlace(name: string): Promise<Place | undefined>;
  forecast(place: Place, units: Units): Promise<Forecast>;
}
