// Written from descriptors/connections/bigquery.json by `npm run generate`.
/** The values of a bigquery connection, resolved. */
export interface BigqueryConnection {
  /** A ready OAuth 2.0 access token. It is not refreshed: for short tasks only. */
  readonly accessToken?: string
  /** Seconds that a signed JWT is good for. Google accepts an hour at most. Default: 3600. */
  readonly assertionLifetime: number
  /** The claim aud, where it is not the token URL. A self-signed JWT has scopes instead. */
  readonly audience?: string
  /** What is said to the authorization URL besides. Without the two presets, Google gives a refresh token once only, or none. Default: {"access_type":"offline","prompt":"consent"}. */
  readonly authorizationParameters: { readonly [name: string]: string }
  /** Where a person is asked for consent. https, or http on this machine. Default: "https://accounts.google.com/o/oauth2/v2/auth". */
  readonly authorizationUrl: string
  /** The id of the OAuth client that asks for consent, from the Google Cloud console. */
  readonly clientId?: string
  /** The secret of that OAuth client. */
  readonly clientSecret?: string
  /** The content of a credential file, as text or as an object: of the type authorized_user, service_account, external_account, external_account_authorized_user or impersonated_service_account. Empty: this machine's application default credentials. Take it only from people you trust: it says which files are read, and where they are sent. */
  readonly credentials?: string | { readonly [name: string]: unknown }
  /** Where the BigQuery API is: scheme and host. Change it for a regional (https://bigquery.europe-west3.rep.googleapis.com), a private or a local endpoint. https, or http on this machine. Default: "https://bigquery.googleapis.com". */
  readonly endpoint: string
  /** Further claims of the signed JWT, by name. The scopes, parted by single spaces, are the claim scope. Default: {"scope":"https://www.googleapis.com/auth/bigquery https://www.googleapis.com/auth/bigquery.insertdata https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/cloud-platform.read-only https://www.googleapis.com/auth/devstorage.full_control https://www.googleapis.com/auth/devstorage.read_only https://www.googleapis.com/auth/devstorage.read_write"}. */
  readonly extendedClaims: { readonly [name: string]: unknown }
  /** How a token is obtained. none is accepted only for an endpoint on this machine. jwt-bearer: Service account. A JWT that is signed with the private key of a service account. authorization-code: User. A user consents in the browser. application-default: Application default. The credentials of this machine, or those of a file: service account, user, external account, impersonation. access-token: Access token. A token that is ready, and not refreshed. none: None. For the embedded BigQuery alone: only for an endpoint on this machine. Default: "jwt-bearer". */
  readonly grant: 'jwt-bearer' | 'authorization-code' | 'application-default' | 'access-token' | 'none'
  /** E-mail address of a service account to work as. The account that signs in needs the role Service Account Token Creator on it. */
  readonly impersonate?: string
  /** E-mail addresses of the service accounts on the way to the impersonated one, where it is not reached at once. Each must be allowed to create tokens for the next. */
  readonly impersonationDelegates?: readonly string[]
  /** E-mail address or unique id of the service account: the claim iss. */
  readonly issuer?: string
  /** Labels of every job that runs through this connection, such as team: shop. Labels of a document win, key by key. */
  readonly jobLabels?: { readonly [name: string]: string }
  /** Id of the signing key: the JWT's header kid. A JSON key file holds it; a P12 file and PEM text do not. */
  readonly keyId?: string
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
  /** What a consent has given, and access tokens are had for. Generate asks for consent and writes it; Reset takes the consent back and clears it. */
  readonly refreshToken?: string
  /** Milliseconds that a request waits for its answer to begin, and to go on. Operations may have their own. Default: 60000. */
  readonly requestTimeoutMs: number
  /** OAuth scopes, parted by single spaces. Empty for the grant jwt-bearer: there the scopes are the claim scope of extendedClaims. */
  readonly scope?: string
  /** Sends the signed JWT itself as the token, and asks no token endpoint. Cannot act for a subject. Default: false. */
  readonly selfSigned: boolean
  /** The content of a service account's JSON key file, as text or as an object. */
  readonly serviceAccountKey?: string | { readonly [name: string]: unknown }
  /** The service account's private key: PEM text, a P12 file in base64, or the text of its JSON key file. */
  readonly signatureKey?: string
  /** The password of a P12 file or of an encrypted PEM. That of P12 files from Google is notasecret. Default: "notasecret". */
  readonly signatureKeyPassword: string
  /** E-mail address of the user to act for, where the domain delegates that right: the claim sub. */
  readonly subject?: string
  /** What is said to the token URL besides. Google needs nothing here. Default: {}. */
  readonly tokenParameters: { readonly [name: string]: string }
  /** Where tokens are issued. Default: the key file's token_uri, else Google's. https, or http on this machine. */
  readonly tokenUrl?: string
}
