// Walks the steps of a script: keeps its variables, decides its branches, and hands each statement to the job.
import { randomUUID } from 'node:crypto'
import { invalidQuery } from '../../wire/api-error.ts'
import { type FieldSchema, quoteName } from '../../wire/table-schema.ts'
import { compileExpression, compileRows } from '../compile.ts'
import { INT64, typed, typeName } from '../typing.ts'
import { call, executeImmediate } from './calls.ts'
import type { Of, Step } from './parse-script.ts'
import type { ScriptJob } from './script-job.ts'
import { assign, holds, spread, text } from './values.ts'
import type { Variable } from './variables.ts'

/** How a step ended, when not by going on to the next. */
type Ending =
  | { readonly kind: 'leave' | 'iterate'; readonly label?: string }
  | { readonly kind: 'return' }
  | undefined

export async function runScript(job: ScriptJob, steps: readonly Step[]): Promise<void> {
  const ending = await runSteps(job, steps, 0)
  if (ending?.kind === 'leave' || ending?.kind === 'iterate')
    throw invalidQuery(
      `Syntax error: ${ending.kind === 'leave' ? 'BREAK' : 'CONTINUE'} is only allowed inside of a loop body`,
    )
}

async function runSteps(job: ScriptJob, steps: readonly Step[], depth: number): Promise<Ending> {
  for (const step of steps) {
    job.checkpoint()
    const ending = await runStep(job, step, depth)
    if (ending !== undefined) return ending
  }
  return undefined
}

async function runStep(job: ScriptJob, step: Step, depth: number): Promise<Ending> {
  switch (step.kind) {
    case 'statement':
      job.current = step.text
      await job.statement(job.context(), step.text)
      return undefined
    case 'declare':
      return declare(job, step)
    case 'set':
      return set(job, step)
    case 'block':
      return block(job, step, depth)
    case 'if': {
      for (const { condition, steps } of step.branches)
        if (await holds(job, condition)) return runSteps(job, steps, depth)
      return runSteps(job, step.otherwise, depth)
    }
    case 'loop':
      return loop(job, step, depth)
    case 'for':
      return forEach(job, step, depth)
    case 'leave':
    case 'iterate':
    case 'return':
      return step
    case 'raise':
      return raise(job, step.message)
    case 'assert': {
      if (await holds(job, step.condition)) return undefined
      const message = step.message === undefined ? 'Assertion failed' : await text(job, step.message)
      throw invalidQuery(message)
    }
    case 'execute':
      return executeImmediate(job, step)
    case 'call':
      return call(job, step, depth, (steps, deeper) => runSteps(job, steps, deeper))
    case 'transaction':
      await job.transaction(step.action)
      return undefined
  }
}

async function declare(job: ScriptJob, step: Of<'declare'>): Promise<undefined> {
  const given = step.value === undefined ? undefined : compileExpression(job.context(), step.value)
  const type = step.type ?? given?.type
  if (type === undefined) throw invalidQuery('DECLARE needs a type here')
  const known: FieldSchema = type.type === 'NULL' ? { ...type, type: INT64.type } : type
  for (const name of step.names)
    await assign(job, job.variables.declare(name, known), given ?? typed('NULL', { name: '', type: 'NULL' }))
}

async function set(job: ScriptJob, step: Of<'set'>): Promise<undefined> {
  const [first = ''] = step.names
  if (first.startsWith('@@')) {
    job.setSystem(first.slice(2), await text(job, step.value))
    return undefined
  }
  const targets = step.names.map((name) => job.variables.get(name))
  const value = compileExpression(job.context(), step.value)
  if (!step.together) return void (await assign(job, targets[0] as Variable, value))
  const parts = value.type?.fields
  if (parts === undefined || parts.length !== targets.length)
    throw invalidQuery(
      `SET of ${targets.length} variables needs a STRUCT of as many fields, not ${typeName(value.type)}`,
    )
  await spread(job, value, targets)
}

async function block(job: ScriptJob, step: Of<'block'>, depth: number): Promise<Ending> {
  const ending = await job.variables.inFrame(async () => {
    if (step.handler === undefined) return runSteps(job, step.steps, depth)
    try {
      return await runSteps(job, step.steps, depth)
    } catch (error) {
      const failure = await job.caught(error)
      const outer = job.failure
      job.failure = { message: failure.message, statement: job.current }
      try {
        return await runSteps(job, step.handler, depth)
      } finally {
        job.failure = outer
      }
    }
  })
  return isFor(ending, step.label) && ending?.kind === 'leave' && ending.label !== undefined
    ? undefined
    : ending
}

function isFor(ending: Ending, label: string | undefined): boolean {
  return (
    ending !== undefined && ending.kind !== 'return' && (ending.label === undefined || ending.label === label)
  )
}

/** One round of a loop: whether to go on, and what to hand to the steps around it. */
async function round(
  job: ScriptJob,
  step: { readonly steps: readonly Step[]; readonly label?: string },
  depth: number,
): Promise<{ readonly goOn: boolean; readonly ending: Ending }> {
  // Steps that ask the engine nothing would otherwise never let anything else run.
  await new Promise((resolve) => setImmediate(resolve))
  const ending = await runSteps(job, step.steps, depth)
  if (ending === undefined) return { goOn: true, ending }
  if (!isFor(ending, step.label)) return { goOn: false, ending }
  return { goOn: ending.kind === 'iterate', ending: undefined }
}

async function loop(job: ScriptJob, step: Of<'loop'>, depth: number): Promise<Ending> {
  while (step.before === undefined || (await holds(job, step.before))) {
    job.checkpoint()
    const { goOn, ending } = await round(job, step, depth)
    if (!goOn) return ending
    if (step.after !== undefined && (await holds(job, step.after))) return undefined
  }
  return undefined
}

async function forEach(job: ScriptJob, step: Of<'for'>, depth: number): Promise<Ending> {
  const rows = compileRows(job.context(), step.query)
  const table = `temp.${quoteName(randomUUID())}`
  await job.execute(`CREATE TEMP TABLE ${table} AS ${rows.sql}`)
  const count = Number((await job.read(`SELECT count(*) FROM ${table}`))[0]?.[0] ?? 0)
  const type: FieldSchema = { name: '', type: 'RECORD', fields: rows.fields }
  const parts = rows.fields.map((field, i) => `${quoteName(field.name)} := ${quoteName(rows.names[i] ?? '')}`)
  try {
    return await job.variables.inFrame(async () => {
      const variable = job.variables.declare(step.name, type)
      for (let i = 0; i < count; i++) {
        job.checkpoint()
        await assign(
          job,
          variable,
          typed(`SELECT struct_pack(${parts.join(', ')}) FROM ${table} WHERE rowid = ${i}`, type),
        )
        const { goOn, ending } = await round(job, step, depth)
        if (!goOn) return ending
      }
      return undefined
    })
  } finally {
    await job.execute(`DROP TABLE IF EXISTS ${table}`).catch(() => 0)
  }
}

async function raise(job: ScriptJob, message: string | undefined): Promise<never> {
  if (message !== undefined) throw invalidQuery(await text(job, message))
  if (job.failure === undefined)
    throw invalidQuery('Cannot re-raise an existing exception outside of an exception handler')
  throw invalidQuery(job.failure.message)
}
