import { expect, it } from "vitest";
import { isSecretName } from "../../../../src/mcp/calls/secret-name.ts";

const words = (text: string): string[] => text.trim().split(/\s+/);

it.each(
  words(`
    token Token TOKEN access_token accessToken access-token AccessToken refreshToken GITHUB_TOKEN githubToken x-csrf-token authTokens token_value
    secret clientSecret CLIENT_SECRET secrets SecretString tokenSecret aws_secret_access_key SecretAccessKey secretKey
    password Password newPassword new_password_2 passwords password_confirmation passwordHash passwd passphrase passcode pwd
    authorization Authorization Proxy-Authorization auth _auth apiKey apikey API_KEY x-api-key apiKeys
    credential credentials awsCredentials cookie cookies Set-Cookie privateKey private_key private-key accessKey accessKeyId signingKey
    sessionId session_id Mcp-Session-Id PHPSESSID connectionString`)
)("takes the value of %s for a secret", (name) => {
  expect(isSecretName(name)).toBe(true);
});

it.each(
  words(`
    tokens max_tokens maxTokens totalTokens token_count tokenType token_type tokenizer progressToken nextToken next_token NextPageToken pageToken
    cursor nextCursor NextContinuationToken startingToken nextForwardToken ClientRequestToken
    secretName secret_arn secretary passwordPolicy password_reset_url authorizationUrl authorization_endpoint author
    key keyId primaryKey sortKey publicKey idempotencyKey monkey session sessions credentialType cookiePolicy owner repo path query name`)
)("takes the value of %s for none", (name) => {
  expect(isSecretName(name)).toBe(false);
});
