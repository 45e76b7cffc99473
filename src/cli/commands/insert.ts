// bqc insert: a JSON or NDJSON file, or stdin, into a table.
import { Command } from 'commander'
import { addConnectionOptions, type ConnectionOptions } from '../connection-option.ts'
import { insertOption, parseTable, typedOptions } from '../operation-option.ts'
import { sendFile } from '../send-file.ts'

interface InsertCommandOptions extends ConnectionOptions {
  readonly json: boolean
  readonly deadLetter?: string
  readonly option?: Record<string, string>
}

export function insertCommand(): Command {
  const command = new Command('insert')
    .description('streams documents into a table')
    .argument('<table>', 'DATASET.TABLE or PROJECT.DATASET.TABLE', parseTable)
    .argument('[file]', 'JSON (a list) or NDJSON; - is stdin', '-')
    .option('--dead-letter <file>', 'append the documents that did not succeed to this file')
    .addOption(insertOption)
  return addConnectionOptions(command).action(insert)
}

async function insert(
  table: ReturnType<typeof parseTable>,
  file: string,
  { option, ...rest }: InsertCommandOptions,
): Promise<void> {
  await sendFile(file, {
    ...rest,
    operation: 'streaming-insert',
    config: { ...table, ...typedOptions('streaming-insert', option) },
    label: `insert into ${table.objectType.split('/')[3]}`,
    stopping: 'Stopping: what is on the wire has one second, nothing else is sent.',
  })
}
