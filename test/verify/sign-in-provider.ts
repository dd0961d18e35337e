import type { OAuthClientProvider } from "@modelcontextprotocol/sdk/client/auth.js";
import type { OAuthClientInformationMixed, OAuthClientMetadata, OAuthTokens } from "@modelcontextprotocol/sdk/shared/auth.js";

/** How an app of the SDK's signs somebody in. */
export interface SignInOptions {
  readonly redirectUri: string;
  /** Where its description stands; an app without one registers itself. */
  readonly documentUrl?: string;
  /** Shows an address to the person, and waits until they are back. */
  readonly show: (url: URL) => Promise<void>;
}

/** What the SDK's client keeps between the steps of a sign-in. */
export class SignInProvider implements OAuthClientProvider {
  readonly redirectUrl: string;
  readonly clientMetadata: OAuthClientMetadata;
  readonly clientMetadataUrl?: string;
  readonly #show: SignInOptions["show"];
  #client: OAuthClientInformationMixed | undefined;
  #tokens: OAuthTokens | undefined;
  #verifier = "";

  constructor({ redirectUri, documentUrl, show }: SignInOptions) {
    this.redirectUrl = redirectUri;
    this.clientMetadata = {
      client_name: "Tide Tables",
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code", "refresh_token"],
      token_endpoint_auth_method: "none"
    };
    if (documentUrl !== undefined) this.clientMetadataUrl = documentUrl;
    this.#show = show;
  }

  state(): string {
    return STATE;
  }

  clientInformation(): OAuthClientInformationMixed | undefined {
    return this.#client;
  }

  saveClientInformation(client: OAuthClientInformationMixed): void {
    this.#client = client;
  }

  tokens(): OAuthTokens | undefined {
    return this.#tokens;
  }

  saveTokens(tokens: OAuthTokens): void {
    this.#tokens = tokens;
  }

  redirectToAuthorization(url: URL): Promise<void> {
    return this.#show(url);
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }
}

/** What every sign-in is told apart by, and must come back with. */
export const STATE = "the-state-of-an-app";
