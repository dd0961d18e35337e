/** The local date, `2026-08-15`. */
export const dateIn = (timeMs: number, timezone: string): string => minuteIn(timeMs, timezone).slice(0, 10);

/** The local time without an offset, `2026-08-15T14:30`. */
export function minuteIn(timeMs: number, timezone: string): string {
  return new Date(timeMs + offsetSeconds(timeMs, timezone) * 1000).toISOString().slice(0, 16);
}

/** How far the zone is ahead of UTC at that moment. */
export function offsetSeconds(timeMs: number, timezone: string): number {
  const [, sign, hours = "0", minutes = "0"] = /GMT([+-])(\d{2}):(\d{2})/.exec(zoneName(timeMs, timezone, "longOffset")) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
}

/** The zone's short name, `GMT+2` or `EST`. */
export const zoneAbbreviation = (timeMs: number, timezone: string): string => zoneName(timeMs, timezone, "short");

function zoneName(timeMs: number, timezone: string, timeZoneName: "longOffset" | "short"): string {
  const parts = new Intl.DateTimeFormat("en-US", { timeZone: timezone, timeZoneName }).formatToParts(timeMs);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "GMT";
}
