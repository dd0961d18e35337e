/** Sends a browser on; the cookies that bind the next step to it go along. */
export function redirect(location: string, headers?: Headers): Response {
  const all = new Headers(headers);
  all.set("location", location);
  all.set("cache-control", "no-store");
  all.set("referrer-policy", "no-referrer");
  return new Response(null, { status: 302, headers: all });
}
