// bqc local: the embedded BigQuery, until Ctrl-C.
import { rename, rm, writeFile } from 'node:fs/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { ConnectorError } from '../../index.ts'
import type { FaultRule, LocalBigQuery } from '../../local/index.ts'
import { onInterrupt } from '../interrupt.ts'
import { readJsonFile } from '../json-file.ts'

interface LocalOptions {
  readonly port: number
  readonly project: string
  readonly data?: string
  readonly connection?: string
  readonly grant: 'jwt-bearer' | 'authorization-code'
  readonly permissions?: readonly string[]
  readonly faults?: string
  readonly requireToken: boolean
}

export function localCommand(): Command {
  return new Command('local')
    .description('runs the embedded BigQuery on this machine, until Ctrl-C')
    .option('--port <port>', 'port on 127.0.0.1; 0 is any free one', portNumber, 9050)
    .option('--project <id>', 'project', 'local')
    .option('--data <directory>', 'keep everything here; without it, everything is gone at the end')
    .option('--connection <file>', 'register a service account and write a connection file for it')
    .addOption(
      new Option(
        '--grant <grant>',
        'grant of that connection file; authorization-code registers an OAuth client',
      )
        .choices(['jwt-bearer', 'authorization-code'])
        .default('jwt-bearer'),
    )
    .option(
      '--permissions <list>',
      'what that account may do: IAM permissions and roles, parted by commas; everything otherwise',
      (text) => text.split(',').map((name) => name.trim()),
    )
    .option('--faults <file>', 'rehearse the faults that this JSON file scripts')
    .option('--json', 'as ever: its one line is JSON', false)
    .option('--require-token', 'refuse requests without a token that this server issued', false)
    .action(local)
}

async function local(options: LocalOptions): Promise<void> {
  const { port, project, data, connection, grant, permissions, requireToken } = options
  if (permissions !== undefined && (connection === undefined || grant !== 'jwt-bearer'))
    throw new ConnectorError(
      'BQC_CONFIG_INVALID',
      'The rights of --permissions are for the service account of --connection FILE.',
    )
  const faults = options.faults === undefined ? [] : await readJsonFile(options.faults, 'fault file')
  // Loaded for this command alone: the others start without it.
  const { startLocalBigQuery } = await import('../../local/index.ts')
  const server = await startLocalBigQuery({
    port,
    projectId: project,
    authentication: requireToken ? 'required' : 'open',
    faults: faults as readonly FaultRule[],
    ...(data === undefined ? {} : { dataDirectory: data }),
  }).catch((cause) => {
    const code = cause.code === 'EADDRINUSE' ? 'BQC_PORT_IN_USE' : 'BQC_CONFIG_INVALID'
    throw new ConnectorError(code, oneLine(cause), { cause })
  })
  const interrupt = onInterrupt('Stopping the embedded BigQuery.')
  try {
    if (connection !== undefined)
      await writeConnection(connection, server, await credentialsOf(server, grant, permissions))
    const { url, projectId } = server
    process.stdout.write(`${JSON.stringify({ url, projectId, ...(connection ? { connection } : {}) })}\n`)
    await new Promise((resolve) => interrupt.signal.addEventListener('abort', resolve, { once: true }))
  } finally {
    interrupt.release()
    await server.close()
  }
}

async function credentialsOf(
  server: LocalBigQuery,
  grant: LocalOptions['grant'],
  permissions: readonly string[] | undefined,
): Promise<object> {
  if (grant === 'authorization-code') {
    const { client_id, client_secret, auth_uri, token_uri } = await server.createOAuthClient()
    return {
      grant,
      clientId: client_id,
      clientSecret: client_secret,
      authorizationUrl: auth_uri,
      tokenUrl: token_uri,
    }
  }
  const account = server.createServiceAccount(undefined, permissions === undefined ? {} : { permissions })
  const serviceAccountKey = await account.catch((cause) => {
    throw new ConnectorError('BQC_CONFIG_INVALID', oneLine(cause), { cause })
  })
  return { grant, serviceAccountKey }
}

/** Readable by its owner only: whoever has the key is the account. */
async function writeConnection(path: string, server: LocalBigQuery, credentials: object): Promise<void> {
  const config = { projectId: server.projectId, endpoint: server.url, ...credentials }
  // Written whole or not at all, and never with the rights of a file that was there before.
  const draft = `${path}.${process.pid}.tmp`
  try {
    await writeFile(draft, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 })
    await rename(draft, path)
  } catch (cause) {
    await rm(draft, { force: true })
    const why = (cause as NodeJS.ErrnoException).code
    throw new ConnectorError('BQC_OUTPUT_UNWRITABLE', `Cannot write the connection file ${path} (${why}).`, {
      cause,
    })
  }
}

function oneLine(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).replace(/\.?$/, '.')
}

function portNumber(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new InvalidArgumentError('It must be a port number, from 0 to 65535.')
}
