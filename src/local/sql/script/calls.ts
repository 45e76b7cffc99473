// EXECUTE IMMEDIATE and CALL: text and procedures that run in the middle of a script.
import { randomUUID } from 'node:crypto'
import { invalidQuery, notFound } from '../../wire/api-error.ts'
import { type FieldSchema, quoteName } from '../../wire/table-schema.ts'
import { compileExpression, compileRows } from '../compile.ts'
import type { BoundParameter } from '../parameters.ts'
import { namePositional, positionalName } from '../positional.ts'
import { fieldFromStandard, type StandardType } from '../standard-type.ts'
import { INT64, typed } from '../typing.ts'
import { routineName } from '../user-functions.ts'
import { type Of, parseScript, type Step } from './parse-script.ts'
import type { ScriptJob } from './script-job.ts'
import { assign, spread, text } from './values.ts'
import type { Variable } from './variables.ts'

/** How deep procedures may call procedures. */
const DEEPEST_CALL = 50

export async function executeImmediate(job: ScriptJob, step: Of<'execute'>): Promise<undefined> {
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

export async function call(
  job: ScriptJob,
  step: Of<'call'>,
  depth: number,
  run: (steps: readonly Step[], depth: number) => Promise<unknown>,
): Promise<undefined> {
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
    await run(parseScript(String(routine.sent['definitionBody'])), depth + 1)
  }, true)
  for (const [out, variable] of results) await assign(job, out, job.variables.value(variable))
}
