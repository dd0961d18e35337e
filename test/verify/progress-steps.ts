import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { isJSONRPCNotification } from "@modelcontextprotocol/sdk/types.js";

/**
 * Collects the steps that progress notifications tell, as they arrive at a client; to be called before it connects. `onprogress`
 * alone would not do: SDK v1 hands a notification on one turn late and forgets its listener with the answer, so that of two
 * messages read at once, as happens on stdio, the last progress is lost.
 */
export function collectSteps(transport: Transport): readonly unknown[] {
  const steps: unknown[] = [];
  transport.onmessage = (message) => {
    if (isJSONRPCNotification(message) && message.method === "notifications/progress") steps.push(message.params?.progress);
  };
  return steps;
}
