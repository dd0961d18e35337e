/** A place as Open-Meteo's geocoding answers it: https://open-meteo.com/en/docs/geocoding-api */
export interface City {
  /** The id at geonames.org. */
  readonly id: number;
  readonly name: string;
  readonly latitude: number;
  readonly longitude: number;
  /** Metres above sea level. */
  readonly elevation: number;
  readonly feature_code: string;
  readonly country_code: string;
  readonly country: string;
  readonly admin1: string;
  readonly timezone: string;
  readonly population: number;
}

/** The cities that the stub knows, larger before smaller where a name stands twice. */
export const CITIES: readonly City[] = [
  city(2950159, "Berlin", 52.52437, 13.41053, 74, "PPLC", "DE", "Germany", "State of Berlin", "Europe/Berlin", 3426354),
  city(2643743, "London", 51.50853, -0.12574, 25, "PPLC", "GB", "United Kingdom", "England", "Europe/London", 8961989),
  city(6058560, "London", 42.98339, -81.23304, 252, "PPL", "CA", "Canada", "Ontario", "America/Toronto", 422324),
  city(2988507, "Paris", 48.85341, 2.3488, 42, "PPLC", "FR", "France", "Île-de-France", "Europe/Paris", 2138551),
  city(4717560, "Paris", 33.66094, -95.55551, 183, "PPLA2", "US", "United States", "Texas", "America/Chicago", 24782),
  city(3117735, "Madrid", 40.4165, -3.70256, 665, "PPLC", "ES", "Spain", "Madrid", "Europe/Madrid", 3255944),
  city(2657896, "Zürich", 47.36667, 8.55, 429, "PPLA", "CH", "Switzerland", "Zurich", "Europe/Zurich", 341730),
  city(3413829, "Reykjavík", 64.13548, -21.89541, 37, "PPLC", "IS", "Iceland", "Capital Region", "Atlantic/Reykjavik", 118918),
  city(5128581, "New York", 40.71427, -74.00597, 10, "PPL", "US", "United States", "New York", "America/New_York", 8175133),
  city(5391959, "San Francisco", 37.77493, -122.41942, 16, "PPLA2", "US", "United States", "California", "America/Los_Angeles", 864816),
  city(3448439, "São Paulo", -23.5475, -46.63611, 769, "PPLA", "BR", "Brazil", "São Paulo", "America/Sao_Paulo", 10021295),
  city(184745, "Nairobi", -1.28333, 36.81667, 1684, "PPLC", "KE", "Kenya", "Nairobi County", "Africa/Nairobi", 2750547),
  city(1275339, "Mumbai", 19.07283, 72.88261, 14, "PPLA", "IN", "India", "Maharashtra", "Asia/Kolkata", 12691836),
  city(1880252, "Singapore", 1.28967, 103.85007, 17, "PPLC", "SG", "Singapore", "Singapore", "Asia/Singapore", 3547809),
  city(1850147, "Tokyo", 35.6895, 139.69171, 44, "PPLC", "JP", "Japan", "Tokyo", "Asia/Tokyo", 8336599),
  city(2147714, "Sydney", -33.86785, 151.20732, 58, "PPLA", "AU", "Australia", "New South Wales", "Australia/Sydney", 4627345)
];

/** Finds cities as the geocoding does: two letters must be the whole name, three or more may be its beginning. */
export function findCities(name: string, count: number): readonly City[] {
  const wanted = withoutAccents(name.trim());
  if (wanted.length < 2) return [];
  const isMatch = (known: string) => (wanted.length === 2 ? known === wanted : known.startsWith(wanted));
  return CITIES.filter((known) => isMatch(withoutAccents(known.name))).slice(0, count);
}

/** The city closest to a point, on a flat map: good enough to pick a time zone and an elevation. */
export function nearestCity(latitude: number, longitude: number): City {
  const distance = (known: City) => Math.hypot(known.latitude - latitude, known.longitude - longitude);
  return CITIES.reduce((best, known) => (distance(known) < distance(best) ? known : best));
}

const withoutAccents = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function city(
  id: number,
  name: string,
  latitude: number,
  longitude: number,
  elevation: number,
  feature_code: string,
  country_code: string,
  country: string,
  admin1: string,
  timezone: string,
  population: number
): City {
  return { id, name, latitude, longitude, elevation, feature_code, country_code, timezone, population, country, admin1 };
}
