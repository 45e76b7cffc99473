// --connection and its stand-ins: a stored name, a file, or the embedded BigQuery that BIGQUERY_EMULATOR_HOST names.
import type { Command } from 'commander'
import { type Connection, type ConnectionConfig, ConnectorError, createConnector } from '../index.ts'
import { readConnectionFile } from './connection-values.ts'
import { openStore } from './open-store.ts'
import { proxyOf } from './proxy.ts'

export interface ConnectionOptions {
  readonly connection?: string
  readonly environment?: string
  readonly project?: string
}

export function addConnectionOptions(command: Command): Command {
  return command
    .option(
      '--connection <name or file>',
      'stored connection, connection file, or key file of a service account',
    )
    .option(
      '--environment <name>',
      'environment whose values a stored connection has; default $BQC_ENVIRONMENT',
    )
    .option('--project <id>', "project, where it is not the connection's")
    .option('--json', 'machine-readable output', false)
}

/** @throws ConnectorError when the file cannot be read or the connection is not usable. */
export async function openConnection({
  connection,
  environment,
  project,
}: ConnectionOptions): Promise<Connection> {
  const emulator = process.env['BIGQUERY_EMULATOR_HOST']
  const fallback = emulator ? { endpoint: emulator.includes('://') ? emulator : `http://${emulator}` } : {}
  const override = project === undefined ? {} : { projectId: project }
  const connector = createConnector(proxyOf(process.env))
  if (connection === undefined) {
    if (!emulator) throw noConnection()
    const projectId = process.env['GOOGLE_CLOUD_PROJECT'] ?? 'local'
    return connector.connect({ ...fallback, grant: 'none', projectId, ...override })
  }
  if (isStored(connection)) {
    return connector.connect(await openStore(environment).resolve(connection, { fallback, override }))
  }
  const { values, directory } = await readConnectionFile(connection)
  return connector.connect({ ...fallback, ...values, ...override } as ConnectionConfig, { directory })
}

/** A stored connection's name has neither dot nor slash; a file of such a name is written ./NAME. */
export function isStored(text: string): boolean {
  return /^([A-Za-z_][A-Za-z0-9_-]*(@\d+)?|operation:.*)$/s.test(text)
}

function noConnection(): ConnectorError {
  return new ConnectorError(
    'BQC_CONFIG_INVALID',
    'No connection is given. Use --connection with a stored name or a file, or start "bqc local" and set BIGQUERY_EMULATOR_HOST to its url.',
  )
}

/** Milliseconds of silence after which a person wants to know what is being waited for. */
const silenceMs = 2000

/** Says on stderr whom a long wait is for. */
export async function withNotice<T>(connection: Connection, answer: Promise<T>): Promise<T> {
  const say = () => process.stderr.write(`Waiting for an answer from ${connection.endpoint} ...\n`)
  const timer = setTimeout(say, silenceMs)
  try {
    return await answer
  } finally {
    clearTimeout(timer)
  }
}
