/** What signs requests to AWS. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/security-creds-programmatic-access.html */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials only. */
  readonly sessionToken: string | undefined;
}
