// bqc query: a statement, its result as a table or as NDJSON.
import { Command, InvalidArgumentError } from 'commander'
import { type ConnectorError, errorCatalogue } from '../../index.ts'
import { addConnectionOptions, type ConnectionOptions, openConnection } from '../connection-option.ts'
import { exitCodes, reportError } from '../exit.ts'
import { count, counted, table } from '../format.ts'
import { onInterrupt } from '../interrupt.ts'
import { hasReader, printLine } from '../output.ts'
import { runQuery, Unsuccessful } from '../run-query.ts'

interface QueryOptions extends ConnectionOptions {
  readonly json: boolean
  readonly maxRows: number
}

export function queryCommand(): Command {
  const command = new Command('query')
    .description('runs a statement and shows its result')
    .argument('<sql>', 'a GoogleSQL statement')
    .option('--max-rows <count>', 'rows shown in the table; --json gives all', wholeNumber, 100)
  return addConnectionOptions(command).action(query)
}

async function query(sql: string, { json, maxRows, ...rest }: QueryOptions): Promise<void> {
  const connection = await openConnection(rest)
  const interrupt = onInterrupt('Stopping.')
  try {
    const shown: Record<string, unknown>[] = []
    let rows = 0
    for await (const row of runQuery(connection, sql, interrupt.signal)) {
      rows += 1
      if (json) {
        await printLine(JSON.stringify(row))
        if (!hasReader()) break
      } else if (shown.length < maxRows) shown.push(row)
    }
    if (json) return
    const [first] = shown
    if (first)
      process.stdout.write(
        `${table(
          Object.keys(first),
          shown.map((row) => Object.values(row)),
        )}\n`,
      )
    const more = rows > shown.length ? `, the first ${count(shown.length)} shown` : ''
    process.stdout.write(`${counted(rows, 'row')}${more}\n`)
  } catch (thrown) {
    const errorCode =
      thrown instanceof Unsuccessful ? thrown.outcome.errorCode : (thrown as Partial<ConnectorError>).code
    if (errorCode === undefined) throw thrown
    reportError(thrown, json)
    process.exitCode =
      errorCatalogue[errorCode].category === 'config' ? exitCodes.couldNotRun : exitCodes.someDidNot
  } finally {
    interrupt.release()
    await connection.close()
  }
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number.')
}
