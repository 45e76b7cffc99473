// Whether steps are a script, or one statement as far as the job's statistics go.
import type { Step } from './parse-script.ts'

export function isScriptOf(steps: readonly Step[]): boolean {
  return steps.slice(leadingFunctions(steps)).some((step, i) => i > 0 || !isPlain(step))
}

/** Temporary functions before a statement do not make it a script. */
function leadingFunctions(steps: readonly Step[]): number {
  const first = steps.findIndex(
    (step) =>
      step.kind !== 'statement' || !/^CREATE\s+(OR\s+REPLACE\s+)?TEMP(ORARY)?\s+FUNCTION\b/i.test(step.text),
  )
  return first < 0 ? steps.length - 1 : first
}

function isPlain(step: Step): boolean {
  return step.kind === 'statement' && !/^CREATE\s+(OR\s+REPLACE\s+)?PROCEDURE\b/i.test(step.text)
}
