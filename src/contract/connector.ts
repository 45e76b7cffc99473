// The whole package, as a host sees it.
import type { Connection, ConnectionConfig, TestReport, TestScope } from './connection.ts'
import type { ConnectionStore, ReferenceScope, ResolvedConnection, StoreOptions } from './connection-store.ts'
import type { Consent, ConsentOptions, ConsentReset } from './consent.ts'
import type { ConnectorDescriptor } from './descriptor.ts'

/** The way out of a network that has no other. */
export interface ProxyOptions {
  /** Where https requests go through: `http://user:password@proxy.example.com:3128`. */
  readonly url: string
  /** Hosts that are reached without it, as in NO_PROXY: `.internal,10.0.0.7`. This machine always is. */
  readonly except?: string
}

export interface ConnectOptions extends ReferenceScope {
  /**
   * Keeps a refresh token that the issuer has put in the place of the connection's; the former one may be void.
   * While it fails, so does what needs a new access token. Default: a stored connection is patched.
   */
  readonly onRefreshToken?: (refreshToken: string) => void | Promise<void>
}

export interface ResetOptions extends ReferenceScope {
  readonly signal?: AbortSignal
}

export interface Connector {
  /** Everything a host needs to draw forms, as plain JSON. */
  readonly descriptor: ConnectorDescriptor
  /**
   * Opens a connection. Nothing is sent yet: `test()` does that. A secret may be a reference, `env:NAME` or
   * `file:PATH`, which is looked up now.
   * @throws ConnectorError `BQC_CONFIG_INVALID` with every fault at once; `BQC_KEY_INVALID` for a key that is none;
   * `BQC_SECRET_UNAVAILABLE` for a reference to nothing; `BQC_CONSENT_NEEDED` for the grant authorization-code
   * without a refresh token.
   */
  connect(config: ConnectionConfig | ResolvedConnection, options?: ConnectOptions): Promise<Connection>
  /** Tests values that need not be stored or usable. Never throws: what is wrong with them is the first step. */
  test(
    config: ConnectionConfig | ResolvedConnection,
    options?: TestScope & ConnectOptions,
  ): Promise<TestReport>
  /**
   * The button Generate of the grant authorization-code: asks a person for consent. Nothing is sent yet.
   * @throws ConnectorError `BQC_CONFIG_INVALID`, `BQC_SECRET_UNAVAILABLE`
   */
  generate(
    config: ConnectionConfig | ResolvedConnection,
    options: ConsentOptions & ReferenceScope,
  ): Promise<Consent>
  /**
   * The button Reset: takes the consent back, at the issuer too where it can be reached.
   * @throws ConnectorError `BQC_CONFIG_INVALID`, `BQC_SECRET_UNAVAILABLE`, `BQC_ABORTED`
   */
  reset(config: ConnectionConfig | ResolvedConnection, options?: ResetOptions): Promise<ConsentReset>
  /** The named connections of a directory. Nothing is read or written yet, and nothing is held open. */
  openStore(options: StoreOptions): ConnectionStore
}
