// Written from descriptors/connections/bigquery.json by `npm run generate`.
/** The values of a bigquery connection, resolved. */
export interface BigqueryConnection {
  /** A ready OAuth 2.0 access token. It is not refreshed: for short tasks only. */
  readonly accessToken?: string
  /** Where the BigQuery API is: scheme and host. Change it for a regional (https://bigquery.europe-west3.rep.googleapis.com), a private or a local endpoint. https, or http on this machine. Default: "https://bigquery.googleapis.com". */
  readonly endpoint: string
  /** How a token is obtained. none is accepted only for an endpoint on this machine. Default: "jwt-bearer". */
  readonly grant: 'jwt-bearer' | 'access-token' | 'none'
  /** E-mail address or unique id of the service account: the claim iss. */
  readonly issuer?: string
  /** Labels of every job that runs through this connection, such as team: shop. Labels of a document win, key by key. */
  readonly jobLabels?: { readonly [name: string]: string }
  /** Where jobs run, such as US, EU or europe-west1. BigQuery finds it from the data when empty. */
  readonly location?: string
  /** Bytes that one query may bill at most: BigQuery refuses a query that would bill more, at no cost. A document may ask for less, not for more. */
  readonly maximumBytesBilled?: string | number
  /** Name of the partner whom Google counts the requests for; it goes with each of them, in the user agent. */
  readonly partner?: string
  /** The project that is billed, and whose datasets are meant when no other project is named. */
  readonly projectId: string
  /** The project that API quotas are counted for, where it is not that of the credentials. It needs the right serviceusage.services.use there. */
  readonly quotaProject?: string
  /** Milliseconds that a request waits for its answer to begin, and to go on. Operations may have their own. Default: 60000. */
  readonly requestTimeoutMs: number
  /** OAuth scopes, parted by single spaces. They travel as a claim of the assertion. Default: "https://www.googleapis.com/auth/bigquery". */
  readonly scope: string
  /** The content of a service account's JSON key file, as text or as an object. */
  readonly serviceAccountKey?: string | { readonly [name: string]: unknown }
  /** The service account's private key as PKCS#8 PEM text, when there is no JSON key file. */
  readonly signatureKey?: string
  /** E-mail address of the user to act for, where the domain delegates that right: the claim sub. */
  readonly subject?: string
  /** Where tokens are issued. Default: the key file's token_uri, else Google's. https, or http on this machine. */
  readonly tokenUrl?: string
}
