// Values in a script: computed by the engine, and put into variables.
import { randomUUID } from 'node:crypto'
import { invalidQuery } from '../../wire/api-error.ts'
import { type FieldSchema, quoteName } from '../../wire/table-schema.ts'
import { compileExpression } from '../compile.ts'
import { BOOL, coerce, STRING, type Typed, typed } from '../typing.ts'
import type { ScriptJob } from './script-job.ts'
import type { Variable } from './variables.ts'

export async function assign(job: ScriptJob, variable: Variable, value: Typed): Promise<void> {
  await job.execute(job.variables.assignment(variable, value))
}

/** Gives each variable one field of a STRUCT, which is computed once. */
export async function spread(
  job: ScriptJob,
  struct: Typed,
  targets: readonly Variable[],
): Promise<undefined> {
  const fields = struct.type?.fields ?? []
  const whole = job.variables.declare(`_struct_${randomUUID()}`, struct.type as FieldSchema)
  await assign(job, whole, struct)
  const value = job.variables.value(whole)
  for (const [i, target] of targets.entries()) {
    const field = fields[i] as FieldSchema
    await assign(job, target, typed(`(${value.sql}).${quoteName(field.name)}`, field))
  }
}

export async function holds(job: ScriptJob, condition: string): Promise<boolean> {
  const sql = coerce(compileExpression(job.context(), condition), BOOL)
  if (sql === undefined) throw invalidQuery('A condition must have type BOOL')
  return (await job.read(`SELECT ${sql}`))[0]?.[0] === true
}

export async function text(job: ScriptJob, expression: string): Promise<string> {
  const sql = coerce(compileExpression(job.context(), expression), STRING)
  if (sql === undefined) throw invalidQuery('A value of type STRING is needed here')
  const value = (await job.read(`SELECT ${sql}`))[0]?.[0]
  if (value === null || value === undefined) throw invalidQuery('A value is needed here, not NULL')
  return String(value)
}
