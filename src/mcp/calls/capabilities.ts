import { isJsonObject, type JsonObject } from "../../lib/json.ts";
import type { Ask, Asks } from "../ask.ts";
import { RpcError, Unsupported } from "../errors.ts";
import { RPC_CODES } from "../protocol/json-rpc.ts";
import type { Invocation } from "./host.ts";

/**
 * Checks that a client can answer all of some questions; they are refused as a whole, before the first leaves: nobody answers half
 * of a form for nothing.
 * @throws Unsupported naming everything that is missing.
 */
export function requireCapabilities(asks: Asks, capabilities: object): void {
  const lacking = Object.values(asks)
    .map(toNeed)
    .filter((need) => !need.isDeclared(capabilities as Declared));
  if (lacking.length === 0) return;
  const names = [...new Set(lacking.map(({ name }) => name))].join(" and ");
  throw new Unsupported(`This needs a client that supports ${names}, and yours does not say that it does.`, merge(lacking));
}

/**
 * What the protocol says of a client that cannot answer a question: in the stateless era an error, in the sessionful one nothing.
 * Source: https://modelcontextprotocol.io/specification/2026-07-28/basic#_meta
 */
export function toCapabilityError(error: unknown, { era }: Invocation): RpcError | undefined {
  if (era === "sessionful" || !(error instanceof Unsupported)) return undefined;
  return new RpcError(RPC_CODES.missingCapability, error.message, { reason: "missing_capability", requiredCapabilities: error.required });
}

/** The part of a client's capabilities that is looked at. */
interface Declared {
  readonly elicitation?: { readonly form?: unknown; readonly url?: unknown };
  readonly sampling?: { readonly tools?: unknown };
  readonly roots?: unknown;
}

interface Need {
  readonly name: string;
  readonly required: { readonly [group: string]: JsonObject };
  isDeclared(declared: Declared): boolean;
}

const NEEDS = {
  form: {
    name: "elicitation (forms)",
    required: { elicitation: { form: {} } },
    // Clients before 2025-11-25 declare elicitation with no mode, and mean forms.
    isDeclared: ({ elicitation }) => isJsonObject(elicitation) && (elicitation.form !== undefined || elicitation.url === undefined)
  },
  url: {
    name: "elicitation (URLs)",
    required: { elicitation: { url: {} } },
    isDeclared: ({ elicitation }) => elicitation?.url !== undefined
  },
  sampling: { name: "sampling", required: { sampling: {} }, isDeclared: ({ sampling }) => isJsonObject(sampling) },
  samplingWithTools: {
    name: "sampling (with tools)",
    required: { sampling: { tools: {} } },
    isDeclared: ({ sampling }) => sampling?.tools !== undefined
  },
  roots: { name: "roots", required: { roots: {} }, isDeclared: ({ roots }) => isJsonObject(roots) }
} as const satisfies Record<string, Need>;

function toNeed(ask: Ask): Need {
  switch (ask.kind) {
    case "elicit":
      return NEEDS.form;
    case "elicit_url":
      return NEEDS.url;
    case "sample":
      return ask.params.tools === undefined && ask.params.toolChoice === undefined ? NEEDS.sampling : NEEDS.samplingWithTools;
    case "roots":
      return NEEDS.roots;
  }
}

function merge(needs: readonly Need[]): JsonObject {
  const merged: { [group: string]: JsonObject } = {};
  for (const { required } of needs) {
    for (const [group, members] of Object.entries(required)) merged[group] = { ...merged[group], ...members };
  }
  return merged;
}
