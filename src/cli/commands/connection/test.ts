// bqc connection test: tries a stored connection, or a file that is not stored.
import { Command } from 'commander'
import type { TestReport } from '../../../index.ts'
import { isStored } from '../../connection-option.ts'
import { readConnectionFile } from '../../connection-values.ts'
import { exitCodes } from '../../exit.ts'
import { openStore } from '../../open-store.ts'

interface TestCommandOptions {
  readonly environment?: string
  readonly json: boolean
}

export function testCommand(): Command {
  return new Command('test')
    .description('tries a connection step by step, and says which step failed and why')
    .argument('<name or file>', 'stored connection, or connection file')
    .option('--environment <name>', 'environment that it is used in; default $BQC_ENVIRONMENT')
    .option('--json', 'machine-readable output', false)
    .action(test)
}

async function test(connection: string, { environment, json }: TestCommandOptions): Promise<void> {
  const store = openStore(environment)
  const report = isStored(connection)
    ? await store.test(connection)
    : await readConnectionFile(connection).then(({ values, directory }) => store.test(values, { directory }))
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`)
  else print(report)
  process.exitCode = report.ok ? exitCodes.allSucceeded : exitCodes.someDidNot
}

function print({ ok, steps }: TestReport): void {
  for (const { step, ok, code, message, durationMs } of steps) {
    process.stdout.write(
      `${ok ? 'ok    ' : 'failed'} ${step}: ${message}${ok ? '' : ` [${code}]`} (${durationMs} ms)\n`,
    )
  }
  process.stdout.write(ok ? 'The connection works.\n' : 'The connection does not work.\n')
}
