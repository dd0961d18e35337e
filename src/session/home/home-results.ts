import type { DEFAULTS } from "../../config.ts";
import { printable } from "../../lib/text.ts";
import { NotFound, QuotaReached, TooLarge } from "../../mcp/errors.ts";
import { type ResultKeeper, type ResultRecord, sayTooLong } from "../../mcp/results.ts";
import { mintHandle, readHandle } from "../../mcp/signed/handle.ts";
import type { Keyring } from "../../mcp/signed/keyring.ts";
import type { ResultRow, ResultStore } from "../../stores/results.ts";
import { readResultPage } from "./read-result-page.ts";

/** What the results of a principal are made of. */
export interface HomeResultsOptions {
  readonly store: ResultStore;
  readonly keyring: Keyring;
  /** The short name of home itself. */
  readonly own: string;
  readonly limits: ResultLimits;
  /** How long a result is kept, milliseconds. */
  readonly retentionMs: number;
}

/** How large results may be, and how much of one is read at a time. */
export type ResultLimits = { readonly [L in keyof typeof DEFAULTS.results]: number };

/** The results of a principal, where they are kept. */
export function createHomeResults({ store, keyring, own, limits, retentionMs }: HomeResultsOptions, principalId: string): ResultKeeper {
  const toHandle = (seq: number) => mintHandle(keyring, principalId, { kind: "res", owner: own, seq });

  const seqOf = (text: string): number | undefined => {
    const handle = readHandle(keyring, principalId, text);
    return handle?.kind === "res" && handle.owner === own ? handle.seq : undefined;
  };

  /** One that nobody has added to for long is cut: whoever wrote it has gone without a word. The sweep says so too, but comes once a day. */
  const asItStands = (row: ResultRow): ResultRow => {
    if (row.state !== "growing" || row.updatedMs >= Date.now() - limits.lostMs) return row;
    store.close(row, "cut");
    return store.get(row.seq) ?? row;
  };

  const find = (text: string): ResultRow => {
    const seq = seqOf(text);
    const row = seq === undefined ? undefined : store.get(seq);
    // The sweep comes once a day: until then what has expired is gone as well.
    if (!row || row.expiresMs <= Date.now()) throw new NotFound(noSuchResult(text));
    return asItStands(row);
  };

  const toRecord = ({ seq, tool, title, type, state, sizeBytes, lines, createdMs, expiresMs }: ResultRow): ResultRecord => ({
    ...{ result: toHandle(seq), tool, title, type, state, sizeBytes, lines, createdMs, expiresMs }
  });

  /** @param growing the result that room is looked for: whoever writes it need not be told to delete it. */
  const requireRoom = (sizeBytes: number, results: number, growing?: ResultRow) => {
    const hasRoom = () => store.used().bytes + sizeBytes <= limits.quotaBytes && store.used().results + results <= limits.maxResults;
    if (hasRoom()) return;
    // What has expired takes no room, and nobody could delete it: its handle names nothing.
    store.forgetExpired(Date.now());
    if (hasRoom()) return;
    const used = store.used();
    const others = store.largest(NAMED + 1).filter(({ seq }) => seq !== growing?.seq);
    const largest = others.slice(0, NAMED).map((row) => `${toHandle(row.seq)} (${inMib(row.sizeBytes)} MiB of ${row.tool})`);
    const sentence = `Your ${used.results} stored results take ${inMib(used.bytes)} MiB; ${limits.maxResults} may take ${inMib(limits.quotaBytes)} MiB. Make room with delete_result; the largest are ${largest.join(", ")}.`;
    throw new QuotaReached(sentence, { limit: "result_bytes", quotaBytes: limits.quotaBytes, maxResults: limits.maxResults });
  };

  return {
    async open(start) {
      requireRoom(1, 1);
      const nowMs = Date.now();
      return toHandle(store.insert({ ...start, title: printable(start.title, MAX_TITLE) }, nowMs, nowMs + retentionMs));
    },

    async append(text, part, bytes) {
      const row = find(text);
      if (part < row.parts) return;
      // A part that is not whole is the last, so nothing stands behind it.
      if (row.state !== "growing" || part > row.parts || row.sizeBytes !== part * limits.partBytes || bytes.byteLength > limits.partBytes)
        throw new NotFound(`${text} cannot be added to. Begin another result.`);
      if (row.sizeBytes + bytes.byteLength > limits.maxBytes) throw new TooLarge(sayTooLong(limits.maxBytes));
      requireRoom(bytes.byteLength, 0, row);
      store.append(row, bytes, Date.now());
    },

    async close(text, state) {
      const row = find(text);
      if (row.state === "growing") store.close(row, state);
      return toRecord(find(text));
    },

    async get(text) {
      return toRecord(find(text));
    },

    async read(text, query) {
      const row = find(text);
      return { record: toRecord(row), ...readResultPage(store, row, query, limits) };
    },

    async list(limit, before) {
      const beforeSeq = before === undefined ? Number.MAX_SAFE_INTEGER : seqOf(before);
      if (beforeSeq === undefined) throw new NotFound(noSuchResult(before ?? ""));
      return store.list(limit, beforeSeq, Date.now()).map((row) => toRecord(asItStands(row)));
    },

    async remove(text) {
      store.remove(find(text).seq);
    }
  };
}

/** A list of many must fit one message. */
const MAX_TITLE = 120;

/** How many results a full quota names. */
const NAMED = 5;

const noSuchResult = (text: string): string =>
  `No result of yours has the handle ${text}: it may have expired. Use list_results to find the right one.`;

const inMib = (bytes: number): number => Math.ceil((bytes / 1024 / 1024) * 10) / 10;
