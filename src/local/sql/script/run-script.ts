// Walks the steps of a script: keeps its variables, decides its branches, and hands each statement to the job.
import { randomUUID } from 'node:crypto'
import type { Catalog } from '../../storage/catalog.ts'
import { type ApiError, invalidQuery, notFound } from '../../wire/api-error.ts'
import { type FieldSchema, quoteName } from '../../wire/table-schema.ts'
import { compileExpression, compileRows } from '../compile.ts'
import type { BoundParameter } from '../parameters.ts'
import { namePositional, positionalName } from '../positional.ts'
import type { Statement as Context } from '../scope.ts'
import { fieldFromStandard, type StandardType } from '../standard-type.ts'
import { BOOL, coerce, INT64, STRING, type Typed, typed, typeName } from '../typing.ts'
import { routineName } from '../user-functions.ts'
import { parseScript, type Step } from './parse-script.ts'
import type { Variable, Variables } from './variables.ts'

/** What a script needs of the job that runs it. */
export interface ScriptJob {
  readonly catalog: Catalog
  readonly variables: Variables
  /** The names a statement may use now; with these query parameters, where they are not the job's own. */
  context(parameters?: ReadonlyMap<string, BoundParameter>): Context
  execute(sql: string): Promise<number>
  read(sql: string): Promise<readonly (readonly unknown[])[]>
  /** Compiles and runs one statement, and records what came of it. */
  statement(context: Context, text: string): Promise<void>
  transaction(action: 'BEGIN' | 'COMMIT' | 'ROLLBACK'): Promise<void>
  /** An error as the client would see it; one that ends the job is thrown on. */
  caught(error: unknown): Promise<ApiError>
  /** What @@error.message and its like are inside a handler. */
  failure: { readonly message: string; readonly statement: string } | undefined
  /** The text of the statement that runs. */
  current: string
  /** SET @@name; refuses what would make no difference here. */
  setSystem(name: string, value: string): void
  /** Throws when the job was cancelled. */
  checkpoint(): void
}

/** How a step ended, when not by going on to the next. */
type Ending =
  | { readonly kind: 'leave' | 'iterate'; readonly label?: string }
  | { readonly kind: 'return' }
  | undefined

/** How deep procedures may call procedures. */
const DEEPEST_CALL = 50

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
      return call(job, step, depth)
    case 'transaction':
      await job.transaction(step.action)
      return undefined
  }
}

type Of<K extends Step['kind']> = Extract<Step, { readonly kind: K }>

async function assign(job: ScriptJob, variable: Variable, value: Typed): Promise<void> {
  await job.execute(job.variables.assignment(variable, value))
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

/** Gives each variable one field of a STRUCT, which is computed once. */
async function spread(job: ScriptJob, struct: Typed, targets: readonly Variable[]): Promise<undefined> {
  const fields = struct.type?.fields ?? []
  const whole = job.variables.declare(`_struct_${randomUUID()}`, struct.type as FieldSchema)
  await assign(job, whole, struct)
  const value = job.variables.value(whole)
  for (const [i, target] of targets.entries()) {
    const field = fields[i] as FieldSchema
    await assign(job, target, typed(`(${value.sql}).${quoteName(field.name)}`, field))
  }
}

async function holds(job: ScriptJob, condition: string): Promise<boolean> {
  const sql = coerce(compileExpression(job.context(), condition), BOOL)
  if (sql === undefined) throw invalidQuery('A condition must have type BOOL')
  return (await job.read(`SELECT ${sql}`))[0]?.[0] === true
}

async function text(job: ScriptJob, expression: string): Promise<string> {
  const sql = coerce(compileExpression(job.context(), expression), STRING)
  if (sql === undefined) throw invalidQuery('A value of type STRING is needed here')
  const value = (await job.read(`SELECT ${sql}`))[0]?.[0]
  if (value === null || value === undefined) throw invalidQuery('A value is needed here, not NULL')
  return String(value)
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

async function executeImmediate(job: ScriptJob, step: Of<'execute'>): Promise<undefined> {
  const sql = await text(job, step.sql)
  const parameters = new Map<string, BoundParameter>()
  for (const [i, { value, name }] of step.using.entries()) {
    const given = compileExpression(job.context(), value)
    const type = given.type === undefined || given.type.type === 'NULL' ? INT64 : given.type
    const variable = job.variables.declare(`_using_${randomUUID()}`, type)
    await assign(job, variable, given)
    parameters.set(name ?? positionalName(i), { sql: job.variables.value(variable).sql, field: type })
  }
  const context = job.context(parameters)
  const [inner, ...others] = parseScript(namePositional(sql))
  if (inner?.kind !== 'statement' || others.length > 0)
    throw invalidQuery('EXECUTE IMMEDIATE runs a single SQL statement')
  job.current = inner.text
  if (step.into.length === 0) return void (await job.statement(context, inner.text))
  const targets = step.into.map((name) => job.variables.get(name))
  const rows = compileRows(context, inner.text)
  if (rows.fields.length !== targets.length)
    throw invalidQuery(
      `EXECUTE IMMEDIATE INTO has ${targets.length} variables for ${rows.fields.length} columns`,
    )
  const type: FieldSchema = { name: '', type: 'RECORD', fields: rows.fields }
  const parts = rows.fields.map((field, i) => `${quoteName(field.name)} := ${quoteName(rows.names[i] ?? '')}`)
  await spread(job, typed(`(SELECT struct_pack(${parts.join(', ')}) FROM (${rows.sql}))`, type), targets)
}

async function call(job: ScriptJob, step: Of<'call'>, depth: number): Promise<undefined> {
  if (depth >= DEEPEST_CALL) throw invalidQuery('Procedures call each other too deeply')
  const name = routineName(job.context(), step.path)
  const routine = job.catalog.routines.find(name)
  if (routine === undefined || routine.sent['routineType'] !== 'PROCEDURE')
    throw notFound(`Procedure ${name.projectId}:${name.datasetId}.${name.routineId}`)
  const parameters = (routine.sent['arguments'] ?? []) as readonly {
    name: string
    dataType?: StandardType
    mode?: string
  }[]
  if (parameters.length !== step.args.length)
    throw invalidQuery(
      `Procedure ${step.path.join('.')} takes ${parameters.length} arguments, not ${step.args.length}`,
    )
  const given = parameters.map((parameter, i) => {
    const argument = step.args[i] ?? ''
    const out =
      parameter.mode === 'OUT' || parameter.mode === 'INOUT' ? job.variables.get(argument) : undefined
    const value = parameter.mode === 'OUT' ? undefined : compileExpression(job.context(), argument)
    return { parameter, out, value }
  })
  const results: (readonly [Variable, Variable])[] = []
  await job.variables.inFrame(async () => {
    for (const { parameter, out, value } of given) {
      const type =
        parameter.dataType === undefined ? (value?.type ?? INT64) : fieldFromStandard(parameter.dataType)
      const variable = job.variables.declare(parameter.name, type)
      await assign(job, variable, value ?? typed('NULL', { name: '', type: 'NULL' }))
      if (out !== undefined) results.push([out, variable])
    }
    await runSteps(job, parseScript(String(routine.sent['definitionBody'])), depth + 1)
  }, true)
  for (const [out, variable] of results) await assign(job, out, job.variables.value(variable))
}
