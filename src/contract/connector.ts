// The whole package, as a host sees it.
import type { Connection, ConnectionConfig } from './connection.ts'
import type { Consent, ConsentOptions, ConsentReset } from './consent.ts'
import type { ConnectorDescriptor } from './descriptor.ts'

/** The way out of a network that has no other. */
export interface ProxyOptions {
  /** Where https requests go through: `http://user:password@proxy.example.com:3128`. */
  readonly url: string
  /** Hosts that are reached without it, as in NO_PROXY: `.internal,10.0.0.7`. This machine always is. */
  readonly except?: string
}

export interface ConnectOptions {
  /**
   * Keeps a refresh token that the issuer has put in the place of the connection's; the former one may be void.
   * While it fails, so does what needs a new access token.
   */
  readonly onRefreshToken?: (refreshToken: string) => void | Promise<void>
}

export interface Connector {
  /** Everything a host needs to draw forms, as plain JSON. */
  readonly descriptor: ConnectorDescriptor
  /**
   * Opens a connection. Nothing is sent yet: `test()` does that.
   * @throws ConnectorError `BQC_CONFIG_INVALID` with every fault at once; `BQC_KEY_INVALID` for a key that is none;
   *   `BQC_CONSENT_NEEDED` for the grant authorization-code without a refresh token.
   */
  connect(config: ConnectionConfig, options?: ConnectOptions): Promise<Connection>
  /**
   * The button Generate of the grant authorization-code: asks a person for consent. Nothing is sent yet.
   * @throws ConnectorError `BQC_CONFIG_INVALID`
   */
  generate(config: ConnectionConfig, options: ConsentOptions): Promise<Consent>
  /**
   * The button Reset: takes the consent back, at the issuer too where it can be reached.
   * @throws ConnectorError `BQC_CONFIG_INVALID`; `BQC_ABORTED`
   */
  reset(config: ConnectionConfig, options?: { readonly signal?: AbortSignal }): Promise<ConsentReset>
}
