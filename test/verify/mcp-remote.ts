import { join } from "node:path";
import { getDefaultEnvironment, StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

/** The wire of a stdio client whose server is mcp-remote, which hands everything on to a server over HTTP. */
export function createMcpRemote(mcpUrl: string, home: string): StdioClientTransport {
  const args = [MCP_REMOTE, mcpUrl, "--transport", "http-only", "--allow-http"];
  return new StdioClientTransport({
    command: process.execPath,
    args,
    env: { ...getDefaultEnvironment(), HOME: home },
    stderr: "ignore"
  });
}

const MCP_REMOTE = join(import.meta.dirname, "node_modules/mcp-remote/dist/proxy.js");
