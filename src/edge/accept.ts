/** Tells whether a request takes an answer of a media type: https://www.rfc-editor.org/rfc/rfc9110#name-accept */
export function accepts(request: Request, type: string): boolean {
  const group = type.replace(/\/.*/, "/*");
  return (request.headers.get("accept") ?? "").split(",").some((part) => {
    const range = part.split(";")[0]?.trim().toLowerCase();
    return range === type || range === group || range === "*/*";
  });
}
