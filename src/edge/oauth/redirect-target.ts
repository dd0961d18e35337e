import { cut } from "../../lib/text.ts";

/** Where access is sent, as a person can judge it. */
export interface RedirectTarget {
  /** A host of the Web; the whole URI of any other scheme. */
  readonly shown: string;
  /** An app on the person's computer gets it: one that listens there, or has claimed a scheme. */
  readonly isLocalApp: boolean;
}

/** Says where a redirect leads. Only on the Web does a host belong to anybody: in a scheme of an app's own it is what the app likes. */
export function toRedirectTarget(redirectUri: string, isLoopback: boolean): RedirectTarget {
  const { protocol, hostname, href } = new URL(redirectUri); // which writes what is not ASCII so that nothing of it hides
  const isOnWeb = protocol === "https:" || protocol === "http:";
  return { shown: isOnWeb ? hostname : cut(href, MAX_SHOWN_LENGTH), isLocalApp: isLoopback || !isOnWeb };
}

const MAX_SHOWN_LENGTH = 300;
