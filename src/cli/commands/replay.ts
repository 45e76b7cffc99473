// bqc replay: a file of dead letters, sent again.
import { Command } from 'commander'
import { ConnectorError, openReplayFile } from '../../index.ts'
import { addConnectionOptions, type ConnectionOptions, openConnection } from '../connection-option.ts'
import { exitCodes } from '../exit.ts'
import { count } from '../format.ts'
import { onInterrupt } from '../interrupt.ts'
import { insertOption, parseTable, typedOptions } from '../operation-option.ts'
import { printLine } from '../output.ts'
import { openProgressView } from '../progress-view.ts'
import { Refusals } from '../refusals.ts'
import { type ReplaySummary, replayLetters } from '../replay-letters.ts'

interface ReplayCommandOptions extends ConnectionOptions {
  readonly json: boolean
  readonly option?: Record<string, string>
  readonly table?: ReturnType<typeof parseTable>
}

export function replayCommand(): Command {
  const command = new Command('replay')
    .description('sends dead letters again; what succeeds leaves the file')
    .argument('<file>', 'dead letters, as bqc insert --dead-letter writes them')
    .option('--table <table>', 'where letters go that name no table: DATASET.TABLE', parseTable)
    .addOption(insertOption)
  return addConnectionOptions(command).action(replay)
}

async function replay(path: string, { json, option, table, ...rest }: ReplayCommandOptions): Promise<void> {
  const options = typedOptions('streaming-insert', option)
  if (options['spool'] !== undefined) {
    throw new ConnectorError('BQC_CONFIG_INVALID', 'A replay has no spool: its file keeps the documents.')
  }
  if (options['returnApplicationErrors'] === false) {
    throw new ConnectorError(
      'BQC_CONFIG_INVALID',
      'A replay goes on after a refused letter: its file keeps it.',
    )
  }
  const connection = await openConnection(rest)
  const interrupt = onInterrupt('Stopping: what is on the wire has one second, the other letters stay.')
  try {
    // A wrong option is told before the file is opened.
    connection.operation('streaming-insert', { objectType: 'datasets/any/tables/any', ...options })
    const file = await openReplayFile(path)
    const view = openProgressView('replay', () => undefined)
    const start = performance.now()
    const refusals = new Refusals()
    let summary: ReplaySummary
    try {
      summary = await replayLetters(connection, file, {
        options,
        objectType: table?.objectType,
        signal: interrupt.signal,
        progress: view.feed,
        onRejected: (outcome) =>
          json
            ? printLine(JSON.stringify({ outcome }))
            : refusals.show(`${outcome.status}: ${outcome.message} [${outcome.errorCode}]`),
        onUnusable: (line) =>
          refusals.show(
            `a line stays that is no dead letter, or names no table: ${line.slice(0, 80).trim()}`,
          ),
      })
    } finally {
      view.stop()
      await file.close()
    }
    const durationMs = Math.round(performance.now() - start)
    if (json) await printLine(JSON.stringify({ summary: { ...summary, durationMs, file: path } }))
    else report(summary, refusals, durationMs, path)
    const isWhole = summary.success === summary.letters && summary.unusable === 0 && !summary.interrupted
    process.exitCode = isWhole ? exitCodes.allSucceeded : exitCodes.someDidNot
  } finally {
    interrupt.release()
    await connection.close()
  }
}

function report(summary: ReplaySummary, refusals: Refusals, durationMs: number, path: string): void {
  refusals.showRest('')
  const { letters, success, applicationError, failure, unusable, interrupted } = summary
  process.stdout.write(
    `${count(letters)} letters in ${(durationMs / 1000).toFixed(1)} s: ${count(success)} success, ` +
      `${count(applicationError)} application-error, ${count(failure)} failure` +
      `${unusable === 0 ? '' : `; ${count(unusable)} lines cannot be sent`}\n`,
  )
  const isEmpty = success === letters && unusable === 0 && !interrupted
  if (!isEmpty) process.stdout.write(`what did not succeed is in ${path}\n`)
}
