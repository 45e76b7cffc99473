// How a command ends: its exit code, and one line for an error.
import { ConnectorError, errorCatalogue } from '../index.ts'
import { harmless } from './format.ts'
import { Unsuccessful } from './run-query.ts'

export const exitCodes = { allSucceeded: 0, someDidNot: 1, couldNotRun: 2 } as const

/** Prints what stopped a command, on one line and without a stack trace, and gives its exit code. */
export function reportError(thrown: unknown, asJson: boolean): number {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const { code, category, faults } = factsOf(thrown)
  if (asJson) {
    process.stdout.write(`${JSON.stringify({ error: { code, category, message: error.message, faults } })}\n`)
  } else {
    const line = harmless(error.message.replaceAll(/\s*\n\s*/g, ' '))
    process.stderr.write(`bqc: ${line}${code === undefined ? '' : ` [${code}]`}\n`)
  }
  return code === 'BQC_DOCUMENT_REFUSED' ? exitCodes.someDidNot : exitCodes.couldNotRun
}

function factsOf(thrown: unknown): Partial<Pick<ConnectorError, 'code' | 'category' | 'faults'>> {
  if (thrown instanceof ConnectorError) return thrown
  if (!(thrown instanceof Unsuccessful)) return {}
  const { errorCode: code = 'BQC_INTERNAL', faults = [] } = thrown.outcome
  return { code, category: errorCatalogue[code].category, faults }
}
