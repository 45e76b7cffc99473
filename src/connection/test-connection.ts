// Runs the steps of a connection test, and makes a report of what each of them came to.
import type { Connection, TestReport, TestScope, TestStep } from '../contract/connection.ts'
import { asConnectorError, ConnectorError, type ErrorCode, errorCatalogue } from '../errors.ts'

/** What a step resolves with that had nothing to try. */
export interface NotTried {
  readonly notTried: string
}

/** A step's name, and what it does; the text it resolves with is shown to people. */
export type Trial = readonly [step: string, attempt: () => Promise<string | NotTried>]

/**
 * Runs the steps in order up to the first that fails. Never throws.
 * @param apart steps that do not depend on one another: all are tried, when those before were fine.
 */
export async function runTrials(
  trials: readonly Trial[],
  now: () => number,
  apart: readonly Trial[] = [],
): Promise<TestReport> {
  const steps: TestStep[] = []
  const run = async ([step, attempt]: Trial): Promise<boolean> => {
    const start = now()
    const verdict = await attempt().then(passed, failed)
    steps.push({ step, ...verdict, durationMs: now() - start })
    return verdict.ok
  }
  for (const trial of trials) if (!(await run(trial))) return { ok: false, steps }
  for (const trial of apart) await run(trial)
  return { ok: steps.every((step) => step.ok), steps }
}

type Verdict = Omit<TestStep, 'step' | 'durationMs'>

function passed(result: string | NotTried): Verdict {
  return typeof result === 'string'
    ? { ok: true, code: 'OK', message: result }
    : { ok: true, code: 'NOT_TRIED', message: result.notTried }
}

function failed(thrown: unknown): Verdict {
  const { code, message } = asConnectorError(thrown)
  const { advice } = errorCatalogue[code]
  // What to do stands apart here, and need not be said twice.
  const alone = message.endsWith(` ${advice}`) ? message.slice(0, -advice.length - 1) : message
  return { ok: false, code, message: alone, hint: advice }
}

/** The step that an error belongs to which keeps a connection from being opened; the others: `configuration`. */
const stepOfOpening: Readonly<Partial<Record<ErrorCode, string>>> = {
  BQC_CONSENT_NEEDED: 'token',
  BQC_KEY_INVALID: 'key',
}

/** Tests a connection that is open for no longer than the test. Never throws. */
export async function testOpening(
  open: () => Promise<Connection>,
  scope: TestScope | undefined,
  now: () => number,
): Promise<TestReport> {
  let connection: Connection
  try {
    connection = await open()
  } catch (thrown) {
    const step = stepOfOpening[asConnectorError(thrown).code] ?? 'configuration'
    return runTrials([[step, () => Promise.reject(thrown)]], now)
  }
  try {
    return await connection.test(scope)
  } finally {
    await connection.close()
  }
}

/** A refusal for want of a right, as the error of a step that tells which; other errors stay as they are. */
export function deniedAs(
  code: ErrorCode,
  what: string,
  denials: readonly ErrorCode[] = ['BQC_ACCESS_DENIED'],
) {
  return (thrown: unknown): never => {
    const error = asConnectorError(thrown)
    if (!denials.includes(error.code)) throw error
    const said = (error.payload as { error?: { message?: unknown } } | undefined)?.error?.message
    const { httpStatus, reason, payload } = error
    throw new ConnectorError(code, `${what}${typeof said === 'string' ? `: ${said}` : '.'}`, {
      cause: error,
      payload,
      ...(httpStatus === undefined ? {} : { httpStatus }),
      ...(reason === undefined ? {} : { reason }),
    })
  }
}
