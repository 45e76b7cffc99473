// Tries a connection step by step, over the same transport as real work.
import type { TestReport, TestStep } from '../contract/connection.ts'
import { asConnectorError } from '../errors.ts'

/** A step's name, and what it does; the text it resolves with is shown to people. */
export type Trial = readonly [step: string, attempt: () => Promise<string>]

/** Runs the steps in order up to the first that fails. Never throws. */
export async function runTrials(trials: readonly Trial[], now: () => number): Promise<TestReport> {
  const steps: TestStep[] = []
  for (const [step, attempt] of trials) {
    const start = now()
    const verdict = await attempt().then(
      (message) => ({ ok: true, code: 'OK' as const, message }),
      (thrown) => {
        const { code, message } = asConnectorError(thrown)
        return { ok: false, code, message }
      },
    )
    steps.push({ step, ...verdict, durationMs: now() - start })
    if (!verdict.ok) break
  }
  return { ok: steps.every((step) => step.ok), steps }
}
