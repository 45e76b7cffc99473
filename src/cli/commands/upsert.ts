// bqc upsert: a whole file into a table, by key columns; or the documents in it.
import { createReadStream } from 'node:fs'
import { extname } from 'node:path'
import { Command } from 'commander'
import { ConnectorError, type Document, errorCatalogue, type Outcome } from '../../index.ts'
import { addConnectionOptions, type ConnectionOptions, openConnection } from '../connection-option.ts'
import { exitCodes } from '../exit.ts'
import { count, counted } from '../format.ts'
import { sizeOf } from '../input.ts'
import { onInterrupt } from '../interrupt.ts'
import { parseTable, typedOptions, upsertOption } from '../operation-option.ts'
import { printLine } from '../output.ts'
import { sendFile } from '../send-file.ts'

interface UpsertCommandOptions extends ConnectionOptions {
  readonly documents?: boolean
  readonly json: boolean
  readonly key?: string | undefined
  readonly option?: Record<string, string> | undefined
}

const formats: Readonly<Record<string, string>> = {
  '.avro': 'AVRO',
  '.csv': 'CSV',
  '.json': 'NEWLINE_DELIMITED_JSON',
  '.jsonl': 'NEWLINE_DELIMITED_JSON',
  '.ndjson': 'NEWLINE_DELIMITED_JSON',
  '.orc': 'ORC',
  '.parquet': 'PARQUET',
}

export function upsertCommand(): Command {
  const command = new Command('upsert')
    .description('loads a file into a table: rows that are there are changed, others added')
    .argument('<table>', 'DATASET.TABLE or PROJECT.DATASET.TABLE', parseTable)
    .argument('[file]', 'CSV, JSON lines, Parquet, Avro or ORC; - is stdin', '-')
    .option(
      '--key <columns>',
      "columns that say which row is meant, parted by commas; default the table's primary key",
    )
    .option(
      '--documents',
      'the file is JSON (a list) or NDJSON, and each document in it is upserted: only the columns that it has are changed',
    )
    .addOption(upsertOption)
  return addConnectionOptions(command).action(upsert)
}

async function upsert(
  table: ReturnType<typeof parseTable>,
  file: string,
  { documents, json, key, option, ...rest }: UpsertCommandOptions,
): Promise<void> {
  if (documents) return upsertDocuments(table, file, { json, key, option, ...rest })
  const data = await openFile(file)
  const sourceFormat = formats[extname(file.replace(/\.gz$/, '')).toLowerCase()]
  const config = {
    ...table,
    ...(sourceFormat === undefined ? {} : { sourceFormat }),
    ...(key === undefined ? {} : { keyColumns: key }),
    ...typedOptions('upsert', option),
  }
  if (!('sourceFormat' in config)) {
    const what =
      file === '-' ? 'Nothing tells what stdin is' : `The name ${file} does not tell what the file is`
    const message = `${what}. Say it with --option sourceFormat=CSV (or NEWLINE_DELIMITED_JSON, PARQUET, AVRO, ORC).`
    throw new ConnectorError('BQC_CONFIG_INVALID', message)
  }
  const connection = await openConnection(rest)
  const interrupt = onInterrupt('Stopping: the job is called off, and the temporary table removed.')
  const begun = performance.now()
  try {
    const operation = connection.operation('upsert', config)
    // Stopped before it began, it has no outcome.
    process.exitCode = exitCodes.someDidNot
    for await (const outcome of operation.execute([{ data }], { signal: interrupt.signal })) {
      if (json) await printLine(JSON.stringify({ outcome }))
      else report(outcome, (performance.now() - begun) / 1000)
      process.exitCode = exitCodeOf(outcome)
    }
  } finally {
    interrupt.release()
    await connection.close()
    if (file === '-') process.stdin.destroy()
  }
}

async function upsertDocuments(
  table: ReturnType<typeof parseTable>,
  file: string,
  { json, key, option, ...rest }: UpsertCommandOptions,
): Promise<void> {
  const config = {
    ...table,
    input: 'documents',
    ...(key === undefined ? {} : { keyColumns: key }),
    ...typedOptions('upsert', option),
  } as const
  await sendFile(file, {
    ...rest,
    json,
    operation: 'upsert',
    config,
    scope: config,
    label: `upsert into ${table.objectType.split('/')[3]}`,
    stopping: 'Stopping: the batch on the wire is called off, and its temporary table removed.',
  })
}

/** A file is opened by whoever reads it, and as often as is needed. */
async function openFile(file: string): Promise<Document['data']> {
  if (file === '-') return process.stdin
  await sizeOf(file)
  return { stream: () => createReadStream(file) }
}

function exitCodeOf({ status, errorCode }: Outcome): number {
  if (status === 'success') return exitCodes.allSucceeded
  const isConfig = errorCode !== undefined && errorCatalogue[errorCode].category === 'config'
  return isConfig ? exitCodes.couldNotRun : exitCodes.someDidNot
}

function report({ status, message, errorCode, payload }: Outcome, seconds: number): void {
  if (status !== 'success') {
    process.stderr.write(`bqc: ${message} [${errorCode}]\n`)
    return
  }
  const { load, query } = payload as {
    readonly load: { readonly statistics?: { readonly load?: { readonly outputRows?: string } } }
    readonly query?: {
      readonly statistics?: { readonly query?: { readonly dmlStats?: Record<string, string> } }
    }
  }
  const stats = query?.statistics?.query?.dmlStats
  const changed = stats
    ? `: ${count(Number(stats['insertedRowCount'] ?? 0))} added, ${count(Number(stats['updatedRowCount'] ?? 0))} changed, ${count(Number(stats['deletedRowCount'] ?? 0))} removed`
    : ''
  const rows = counted(Number(load.statistics?.load?.outputRows ?? 0), 'row')
  process.stdout.write(`${rows} in ${seconds.toFixed(1)} s${changed}\n`)
  if (message !== '') process.stderr.write(`${message}\n`)
}
