#!/usr/bin/env node
// bqc: the connector on the command line.
import { Command, CommanderError } from 'commander'
import { ConnectorError, createConnector } from '../index.ts'
import { browseCommand } from './commands/browse.ts'
import { connectionCommand } from './commands/connection/connection.ts'
import { demoCommand } from './commands/demo.ts'
import { describeCommand } from './commands/describe.ts'
import { insertCommand } from './commands/insert.ts'
import { localCommand } from './commands/local.ts'
import { queryCommand } from './commands/query.ts'
import { replayCommand } from './commands/replay.ts'
import { upsertCommand } from './commands/upsert.ts'
import { exitCodes, reportError } from './exit.ts'
import { toleratePartingReader } from './output.ts'

const program = new Command('bqc')
  .description('The BigQuery connector on the command line.')
  .version(createConnector().descriptor.version)
  .addHelpText(
    'after',
    '\nExit codes: 0 all documents succeeded, 1 some did not, 2 the command could not run.',
  )
  .addCommand(demoCommand())
  .addCommand(localCommand())
  .addCommand(connectionCommand())
  .addCommand(insertCommand())
  .addCommand(upsertCommand())
  .addCommand(replayCommand())
  .addCommand(queryCommand())
  .addCommand(describeCommand())
  .addCommand(browseCommand())

function tellFaults(command: Command): void {
  command.exitOverride().showHelpAfterError('(--help shows what is allowed)')
  for (const each of command.commands) tellFaults(each)
}
tellFaults(program)

toleratePartingReader()
try {
  await program.parseAsync()
} catch (thrown) {
  const asJson = process.argv.includes('--json')
  if (!(thrown instanceof CommanderError)) process.exitCode = reportError(thrown, asJson)
  else if (thrown.exitCode !== 0) {
    // Commander has printed its own message for people; help and version are no failures.
    const usage = new ConnectorError('BQC_CONFIG_INVALID', thrown.message.replace(/^error: /, ''))
    process.exitCode = asJson ? reportError(usage, asJson) : exitCodes.couldNotRun
  }
}
