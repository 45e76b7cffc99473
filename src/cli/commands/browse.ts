// bqc browse: what an operation can act on, and the shapes of its documents, as an import wizard shows them.
import { Command, InvalidArgumentError } from 'commander'
import type { OperationId, TableType } from '../../index.ts'
import {
  addConnectionOptions,
  type ConnectionOptions,
  openConnection,
  withNotice,
} from '../connection-option.ts'
import { table } from '../format.ts'
import { onInterrupt } from '../interrupt.ts'

interface BrowseOptions extends ConnectionOptions {
  readonly dataset?: string
  readonly documents?: boolean
  readonly json: boolean
  readonly discovery?: string
  readonly key?: string
  readonly limit?: number
  readonly profile?: string
  readonly query?: string
  readonly search?: string
  readonly type?: string
}

export function browseCommand(): Command {
  const command = new Command('browse')
    .description('lists what an operation can act on: tables, views, kinds of jobs')
    .argument('<operation>', 'such as streaming-insert; bqc describe lists them')
    .option('--dataset <dataset>', 'whose tables are listed')
    .option('--search <text>', 'only what has this text in its label')
    .option('--type <type>', 'only tables of this type: TABLE, VIEW, MATERIALIZED_VIEW, EXTERNAL, SNAPSHOT')
    .option('--limit <count>', 'the first so many', wholeNumber)
    .option('--profile <object-type>', 'the shapes of its documents, as JSON Schemas')
    .option('--query <sql>', 'of get-query-results: the statement whose columns the profile has')
    .option('--documents', 'of upsert: a document is a row, not a file')
    .option('--key <columns>', 'of upsert with --documents: the key columns, parted by commas')
    .option('--discovery <url-or-file>', "of run-job and update: the API's description to take shapes from")
  return addConnectionOptions(command).action(browse)
}

async function browse(
  operation: string,
  { json, dataset, documents, key, search, type, limit, profile, query, discovery, ...rest }: BrowseOptions,
): Promise<void> {
  const connection = await openConnection(rest)
  const interrupt = onInterrupt('Stopping.')
  const id = operation as OperationId
  const about = { resourceType: type?.toUpperCase() as TableType | undefined, signal: interrupt.signal }
  try {
    if (profile !== undefined) {
      const scope = documents ? ({ input: 'documents', keyColumns: key } as const) : {}
      const shapes = connection.profile(id, profile, { ...about, ...scope, query, discovery })
      process.stdout.write(`${JSON.stringify(await withNotice(connection, shapes), null, 2)}\n`)
      return
    }
    const listed = connection.browse(id, { ...about, datasetId: dataset, search, limit })
    const types = await withNotice(connection, listed)
    const rows = types.map(({ id, label, kind }) => [id, label, kind])
    process.stdout.write(
      json ? `${JSON.stringify(types, null, 2)}\n` : `${table(['object type', 'label', 'kind'], rows)}\n`,
    )
  } finally {
    interrupt.release()
    await connection.close()
  }
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 1.')
}
