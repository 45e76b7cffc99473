// bqc browse: what an operation can act on, as an import wizard shows it.
import { Command, InvalidArgumentError } from 'commander'
import type { BrowseScope, OperationId, TableType } from '../../index.ts'
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
  readonly json: boolean
  readonly limit?: number
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
  return addConnectionOptions(command).action(browse)
}

async function browse(
  operation: string,
  { json, dataset, search, type, limit, ...rest }: BrowseOptions,
): Promise<void> {
  const connection = await openConnection(rest)
  const interrupt = onInterrupt('Stopping.')
  try {
    const scope: BrowseScope = {
      datasetId: dataset,
      search,
      resourceType: type?.toUpperCase() as TableType | undefined,
      limit,
      signal: interrupt.signal,
    }
    const types = await withNotice(connection, connection.browse(operation as OperationId, scope))
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
