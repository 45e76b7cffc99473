// The whole package, as a host sees it.
import type { Connection, ConnectionConfig } from './connection.ts'
import type { ConnectionStore, ReferenceScope, ResolvedConnection, StoreOptions } from './connection-store.ts'
import type { ConnectorDescriptor } from './descriptor.ts'

/** The way out of a network that has no other. */
export interface ProxyOptions {
  /** Where https requests go through: `http://user:password@proxy.example.com:3128`. */
  readonly url: string
  /** Hosts that are reached without it, as in NO_PROXY: `.internal,10.0.0.7`. This machine always is. */
  readonly except?: string
}

export interface Connector {
  /** Everything a host needs to draw forms, as plain JSON. */
  readonly descriptor: ConnectorDescriptor
  /**
   * Opens a connection. Nothing is sent yet: `test()` does that. A secret may be a reference, `env:NAME` or
   * `file:PATH`, which is looked up now.
   * @throws ConnectorError `BQC_CONFIG_INVALID` with every fault at once; `BQC_KEY_INVALID` for a key that is none;
   * `BQC_SECRET_UNAVAILABLE` for a reference to nothing.
   */
  connect(config: ConnectionConfig | ResolvedConnection, scope?: ReferenceScope): Promise<Connection>
  /** The named connections of a directory. Nothing is read or written yet, and nothing is held open. */
  openStore(options: StoreOptions): ConnectionStore
}
