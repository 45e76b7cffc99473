// bqc connection test: tries a stored connection, or a file that is not stored.
import { Command, InvalidArgumentError, Option } from 'commander'
import type { TestReport, TestScope } from '../../../index.ts'
import { isStored } from '../../connection-option.ts'
import { readConnectionFile } from '../../connection-values.ts'
import { exitCodes } from '../../exit.ts'
import { harmless } from '../../format.ts'
import { openStore } from '../../open-store.ts'

interface TestCommandOptions {
  readonly dataset?: string
  readonly environment?: string
  readonly json: boolean
  readonly table?: TestScope
}

export function testCommand(): Command {
  return new Command('test')
    .description(
      'tries a connection step by step, and says which step failed and why; exit code 1 when one did',
    )
    .argument('<name or file>', 'stored connection, or connection file')
    .option('--dataset <id>', 'try also to list the tables of this dataset')
    .addOption(
      new Option(
        '--table <dataset.table>',
        'try also to read this table or view, and to insert into it; nothing is stored',
      )
        .argParser(tableScope)
        .conflicts('dataset'),
    )
    .option('--environment <name>', 'environment that it is used in; default $BQC_ENVIRONMENT')
    .option('--json', 'machine-readable output', false)
    .action(test)
}

async function test(
  connection: string,
  { dataset, environment, json, table = { datasetId: dataset } }: TestCommandOptions,
): Promise<void> {
  const store = openStore(environment)
  const report = isStored(connection)
    ? await store.test(connection, table)
    : await readConnectionFile(connection).then(({ values, directory }) =>
        store.test(values, { ...table, directory }),
      )
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`)
  else print(report)
  process.exitCode = report.ok ? exitCodes.allSucceeded : exitCodes.someDidNot
}

function print({ ok, steps }: TestReport): void {
  for (const { step, ok, code, message, hint, durationMs } of steps) {
    const mark = code === 'NOT_TRIED' ? '-' : ok ? 'ok' : 'failed'
    const said = ok ? message : `${message} [${code}]`
    process.stdout.write(harmless(`${mark.padEnd(6)} ${step}: ${said} (${durationMs} ms)\n`))
    if (hint !== undefined) process.stdout.write(`       ${hint}\n`)
  }
  process.stdout.write(ok ? 'The connection works.\n' : 'The connection does not work.\n')
}

function tableScope(text: string): TestScope {
  const [datasetId = '', tableId = '', ...more] = text.split('.')
  if (datasetId !== '' && tableId !== '' && more.length === 0) return { datasetId, tableId }
  throw new InvalidArgumentError('The form is DATASET.TABLE.')
}
