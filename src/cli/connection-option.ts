// --connection and its stand-ins: a file, or the embedded BigQuery that BIGQUERY_EMULATOR_HOST names.
import type { Command } from 'commander'
import { type Connection, type ConnectionConfig, ConnectorError, createConnector } from '../index.ts'
import { readJsonFile } from './json-file.ts'
import { proxyOf } from './proxy.ts'

export interface ConnectionOptions {
  readonly connection?: string
  readonly project?: string
}

export function addConnectionOptions(command: Command): Command {
  return command
    .option('--connection <file>', 'connection file, or the JSON key file of a service account')
    .option('--project <id>', "project, where it is not the connection's")
    .option('--json', 'machine-readable output', false)
}

/** @throws ConnectorError when the file cannot be read or the connection is not usable. */
export async function openConnection({ connection, project }: ConnectionOptions): Promise<Connection> {
  const emulator = process.env['BIGQUERY_EMULATOR_HOST']
  const endpoint = emulator ? { endpoint: emulator.includes('://') ? emulator : `http://${emulator}` } : {}
  if (connection === undefined && !emulator) {
    throw new ConnectorError(
      'BQC_CONFIG_INVALID',
      'No connection is given. Use --connection FILE, or start "bqc local" and set BIGQUERY_EMULATOR_HOST to its url.',
    )
  }
  const values =
    connection === undefined
      ? { grant: 'none', projectId: process.env['GOOGLE_CLOUD_PROJECT'] ?? 'local' }
      : await readConnection(connection)
  const config = { ...endpoint, ...values, ...(project === undefined ? {} : { projectId: project }) }
  return createConnector(proxyOf(process.env)).connect(config as ConnectionConfig)
}

/** A Google key file says everything that a connection needs. */
function asConnection(values: Record<string, unknown>): Record<string, unknown> {
  if (values['type'] !== 'service_account') return values
  return { grant: 'jwt-bearer', projectId: values['project_id'], serviceAccountKey: values }
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

async function readConnection(path: string): Promise<Record<string, unknown>> {
  const values = await readJsonFile(path, 'connection file')
  if (typeof values === 'object' && values !== null && !Array.isArray(values))
    return asConnection({ ...values })
  throw new ConnectorError(
    'BQC_CONFIG_INVALID',
    `${path} is neither a connection file nor the JSON key file of a service account: it is no JSON object.`,
  )
}
