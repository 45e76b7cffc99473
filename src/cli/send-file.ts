// Sends the documents of a JSON or NDJSON file, or of stdin, through an operation, and tells what became of them.
import type { OperationConfig, Outcome, ProfileScope, SpoolDamage } from '../index.ts'
import { type ConnectionOptions, openConnection, withNotice } from './connection-option.ts'
import { exitCodes } from './exit.ts'
import { count, counted } from './format.ts'
import { openInput } from './input.ts'
import { type InsertOptions, type InsertSummary, insertDocuments } from './insert-documents.ts'
import { onInterrupt } from './interrupt.ts'
import { printLine } from './output.ts'
import { Refusals } from './refusals.ts'

interface Sending extends ConnectionOptions {
  readonly operation: InsertOptions['operation']
  readonly config: OperationConfig
  /** Beside the project: what the documents' shape depends on. */
  readonly scope?: ProfileScope
  /** What is done, for people: `insert into orders`. */
  readonly label: string
  /** What a stop does. */
  readonly stopping: string
  readonly json: boolean
  readonly deadLetter?: string | undefined
}

export async function sendFile(
  file: string,
  { operation, config, scope, label, stopping, json, deadLetter, ...rest }: Sending,
): Promise<void> {
  const input = await openInput(file)
  const connection = await openConnection(rest)
  const interrupt = onInterrupt(stopping)
  try {
    // A wrong option, table, key or right is told before the first document is read.
    connection.operation(operation, config)
    const projectIdOverride = config['projectIdOverride'] as string | undefined
    const asked = { ...scope, projectIdOverride, signal: interrupt.signal }
    await withNotice(connection, connection.profile(operation, config.objectType, asked))

    const refusals = new Refusals()
    const summary = await insertDocuments(connection, config, input, {
      operation,
      label,
      deadLetterFile: deadLetter,
      signal: interrupt.signal,
      onRejected: (outcome) => {
        if (json) return printLine(JSON.stringify({ outcome }))
        refusals.show(lineOf(outcome))
        return undefined
      },
      onSpoolDamage: (spoolDamage) => {
        if (json) void printLine(JSON.stringify({ spoolDamage }))
        else process.stderr.write(`${damageLine(spoolDamage)}\n`)
      },
    })
    if (json) await printLine(JSON.stringify({ summary }))
    else report(summary, refusals, input.isStdin)
    const { interrupted, spoolDamage, trouble } = summary
    const isWhole = allSucceeded(summary) && !interrupted && !spoolDamage && !trouble
    process.exitCode = isWhole ? exitCodes.allSucceeded : exitCodes.someDidNot
  } finally {
    interrupt.release()
    await connection.close()
    if (input.isStdin) process.stdin.destroy()
  }
}

function allSucceeded({ documents, success, recovered }: InsertSummary): boolean {
  return success === documents && recovered?.success === recovered?.documents
}

function damageLine({ file, offset, bytes, remedy }: SpoolDamage): string {
  if (remedy === 'kept')
    return `spool: nothing of ${file} could be read, for its header is damaged: it is kept as ${file}.damaged (${count(bytes)} bytes), and no document of it is sent`
  const done =
    remedy === 'cut' ? 'they are cut off' : `whole documents after them are sent; see ${file}.damaged then`
  return `spool: ${count(bytes)} bytes at ${offset} of ${file} hold no whole document: ${done}`
}

function lineOf({ index, status, message, errorCode, recovered }: Outcome): string {
  return `${recovered ? 'recovered ' : ''}document ${count(index + 1)}: ${status}: ${message} [${errorCode}]`
}

function report(summary: InsertSummary, refusals: Refusals, isStdin: boolean): void {
  refusals.showRest(summary.deadLetterFile ? '' : '; --dead-letter FILE keeps them all')
  const seconds = (summary.durationMs / 1000).toFixed(1)
  process.stdout.write(
    `${count(summary.documents)} documents in ${seconds} s (${count(summary.rowsPerSecond)} rows/s): ` +
      `${count(summary.success)} success, ${count(summary.applicationError)} application-error, ${count(summary.failure)} failure; ` +
      `${count(summary.batches)} batches, ${count(summary.retries)} retries\n`,
  )
  if (summary.recovered) {
    const { documents, success, applicationError, failure } = summary.recovered
    process.stdout.write(
      `${count(documents)} more were in the spool: ` +
        `${count(success)} success, ${count(applicationError)} application-error, ${count(failure)} failure\n`,
    )
  }
  if (summary.spoolDamage) {
    const { stretches, bytes } = summary.spoolDamage
    process.stdout.write(
      `the spool was damaged in ${counted(stretches, 'place')}: documents may be lost in ${count(bytes)} bytes\n`,
    )
  }
  if (summary.trouble) process.stderr.write(`bqc: ${summary.trouble.message} [${summary.trouble.code}]\n`)
  if (summary.interrupted && isStdin) process.stderr.write('Stopped: stdin was not read to its end.\n')
  if (summary.deadLetterFile && refusals.count > 0) {
    process.stdout.write(`documents that did not succeed: ${summary.deadLetterFile}\n`)
  }
}
