/** Shows a key, this once, with the lines that connect a client with it. */
export function connectionHelp(url: string, key: string): string {
  return `  ${key}

This text is shown only once. Clients send it as the header  Authorization: Bearer <key>
Claude Code:

  claude mcp add --transport http dormouse ${url} --header "Authorization: Bearer ${key}"
`;
}
