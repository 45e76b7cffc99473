// The one place that wires rooms together.
import { openControlPlane } from './bigquery/control-plane.ts'
import { openHttp, openTransport } from './bigquery/transport.ts'
import { listObjectTypes } from './browse/object-types.ts'
import { buildProfile } from './browse/profiles.ts'
import { openTokenSource } from './connection/grants/grants.ts'
import { runTrials } from './connection/test-connection.ts'
import type { Connection, ConnectionConfig } from './contract/connection.ts'
import type { Connector } from './contract/connector.ts'
import type { OperationDescriptor } from './contract/descriptor.ts'
import type { Operation, OperationConfig } from './contract/operation.ts'
import { loadDescriptor } from './descriptor/load.ts'
import { invalidConfig, resolve } from './descriptor/resolve.ts'
import { ConnectorError } from './errors.ts'
import { operations } from './operations/registry.ts'

export interface ConnectorOptions {
  /** The clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number
}

/** Makes a connector. It holds nothing open: connections do. */
export function createConnector({ now = Date.now }: ConnectorOptions = {}): Connector {
  const descriptor = loadDescriptor()
  const form = descriptor.connections.find(({ id }) => id === 'bigquery')?.config ?? {}
  return {
    descriptor,
    connect: async (config) =>
      openConnection(resolve(form, config, 'connection'), descriptor.operations, now),
  }
}

async function openConnection(
  config: ConnectionConfig & { readonly endpoint: string },
  descriptors: readonly OperationDescriptor[],
  now: () => number,
): Promise<Connection> {
  const { projectId, location } = config
  const endpoint = config.endpoint.replace(/\/+$/, '')
  const http = openHttp()
  const tokens = await openTokenSource(config, http, now)
  const transport = openTransport(http, tokens)
  const control = openControlPlane(transport, endpoint)
  const context = { projectId, endpoint, location, transport, control, now }
  const closing = new AbortController()
  let closed: Promise<void> | undefined

  const describe = (operationId: string): OperationDescriptor => {
    const found = descriptors.find(({ id }) => id === operationId)
    if (found) return found
    const allowed = descriptors.map(({ id }) => id).join(', ')
    throw invalidConfig('operation', [
      { path: '/id', value: operationId, message: `must be one of ${allowed}` },
    ])
  }

  const operation: Connection['operation'] = (operationId, values) => {
    const { id, options: form } = describe(operationId)
    const options = resolve<OperationConfig>(form, values, `operation ${id}`)
    const start = operations[id](context, options)

    async function* execute(...[documents, execution = {}]: Parameters<Operation['execute']>) {
      if (closing.signal.aborted) throw closedError()
      const signal = execution.signal ? AbortSignal.any([execution.signal, closing.signal]) : closing.signal
      yield* start(documents, { ...execution, signal })
    }
    return { id, options, execute }
  }

  return {
    projectId,
    endpoint,
    operation,
    test: () =>
      runTrials(
        [
          [
            'token',
            async () =>
              (await tokens.token()) === undefined ? 'No token is needed here.' : 'A token was issued.',
          ],
          [
            'project',
            async () =>
              `Project ${projectId} answers (service account ${await control.getServiceAccount(projectId)}).`,
          ],
        ],
        now,
      ),
    browse: async (operationId, filter = {}) =>
      listObjectTypes(describe(operationId), control, projectId, filter.datasetId),
    profile: async (operationId, objectTypeId) =>
      buildProfile(describe(operationId).id, objectTypeId, control, projectId),
    async close() {
      closing.abort()
      closed ??= http.close()
      await closed
    },
  }
}

function closedError(): ConnectorError {
  return new ConnectorError('BQC_CONNECTION_CLOSED', 'The connection is closed. Open a new one.')
}
