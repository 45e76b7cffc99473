// The whole package, as a host sees it.
import type { Connection, ConnectionConfig } from './connection.ts'
import type { ConnectorDescriptor } from './descriptor.ts'

export interface Connector {
  /** Everything a host needs to draw forms, as plain JSON. */
  readonly descriptor: ConnectorDescriptor
  /**
   * Opens a connection. Nothing is sent yet: `test()` does that.
   * @throws ConnectorError `BQC_CONFIG_INVALID` with every fault at once; `BQC_KEY_INVALID` for a key that is none.
   */
  connect(config: ConnectionConfig): Promise<Connection>
}
