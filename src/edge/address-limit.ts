import { refuse } from "./respond.ts";

/**
 * Refuses a request of an address that sends too many, before anything else is looked at. The count is approximate and each
 * location has its own, so this sheds floods; what a principal may do is counted exactly, elsewhere.
 * Source: https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
 * @param limiter absent in a configuration that does not bind it, as those of tests, whatever the generated type says.
 */
export async function limitAddress(request: Request, limiter: RateLimit | undefined): Promise<Response | undefined> {
  if (!(await isOverLimit(request, limiter))) return undefined;
  return refuse("too_many_requests", `Too many requests from your address. Try again in ${PERIOD_SECONDS} s.`, {
    headers: { "retry-after": String(PERIOD_SECONDS) },
    data: { retryAfterSeconds: PERIOD_SECONDS }
  });
}

/** Whether the address of a request has sent more than a limiter lets through. */
export async function isOverLimit(request: Request, limiter: RateLimit | undefined): Promise<boolean> {
  // Cloudflare sets it and overwrites what a client sent; any other header of this kind is the client's to rotate.
  const address = request.headers.get("cf-connecting-ip");
  return limiter !== undefined && address !== null && !(await isWithinLimit(limiter, addressKey(address)));
}

/** What is counted as one address: an IPv6 network of 64 bits is one subscriber's, who can take any address in it. */
export function addressKey(address: string): string {
  if (!address.includes(":") || address.includes(".")) return address; // IPv4, also where it is written as IPv6
  const canonical = URL.parse(`http://[${address}]`)?.hostname.slice(1, -1);
  if (canonical === undefined) return address;
  const [head = [], tail = []] = canonical.split("::").map((groups) => groups.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => "0");
  return `${[...head, ...zeros, ...tail].slice(0, 4).join(":")}::/64`;
}

/** The binding does not say when it will let an address in again: at the latest after its period, as `wrangler.toml` has it. */
export const PERIOD_SECONDS = 60;

/** A limiter that fails sheds nothing: it protects against floods, and must not be what takes the server down. */
async function isWithinLimit(limiter: RateLimit, key: string): Promise<boolean> {
  try {
    return (await limiter.limit({ key })).success;
  } catch (error) {
    console.error(JSON.stringify({ level: "error", event: "address_limit_failed", message: String(error) }));
    return true;
  }
}
