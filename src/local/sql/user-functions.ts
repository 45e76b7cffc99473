// Calls of users' functions. A SQL function is its body with the arguments in place of the parameters; a
// JavaScript function goes through the engine's one function for them.
import type { RoutineName } from '../storage/routine-catalog.ts'
import { ApiError, invalidQuery } from '../wire/api-error.ts'
import { duckdbType, type FieldSchema, quoteName } from '../wire/table-schema.ts'
import { type Ast, bodyOf, children, kindOf } from './ast.ts'
import { javascriptCall } from './javascript.ts'
import { newScope, type ResolvedTable, type Scope, type Statement } from './scope.ts'
import { EMPTY_SESSION } from './session.ts'
import { fieldFromStandard, type StandardType } from './standard-type.ts'
import { coerce, type Typed, typed, typeName } from './typing.ts'
import type { Writer } from './writer.ts'

type Sent = Readonly<Record<string, unknown>>

interface Parameter {
  readonly name: string
  /** Absent for ANY TYPE. */
  readonly type?: FieldSchema
}

/** How deep functions may call functions; a function that calls itself would never end. */
const DEEPEST_CALL = 32
let depth = 0
let rows = 0

export function routineName(statement: Statement, path: readonly string[]): RoutineName {
  const routineId = path[path.length - 1] ?? ''
  if (path.length > 1)
    return {
      projectId: path.length > 2 ? path.slice(0, -2).join('.') : statement.projectId,
      datasetId: path[path.length - 2] ?? '',
      routineId,
    }
  const home = statement.defaultDataset
  if (home === undefined)
    throw invalidQuery(`Function ${routineId} must be qualified with a dataset (e.g. dataset.function).`)
  return { projectId: home.projectId ?? statement.projectId, datasetId: home.datasetId, routineId }
}

function findFunction(
  statement: Statement,
  path: readonly string[],
  types: readonly string[],
): Sent | undefined {
  const temporary =
    path.length === 1 ? statement.session.functions.get(path[0]?.toLowerCase() ?? '') : undefined
  if (temporary !== undefined) return temporary
  if (path.length === 1 && statement.defaultDataset === undefined) return undefined
  const sent = statement.catalog.routines.find(routineName(statement, path))?.sent
  return sent !== undefined && types.includes(String(sent['routineType'])) ? sent : undefined
}

/** The call of a user's function by its name in parts; undefined where there is none of that name. */
export function userFunction(
  write: Writer,
  scope: Scope,
  path: readonly string[],
  args: readonly Ast[],
): Typed | undefined {
  const sent = findFunction(scope.statement, path, ['SCALAR_FUNCTION'])
  if (sent === undefined) {
    if (path.length > 1)
      throw new ApiError(400, 'invalidQuery', `Function not found: ${path.join('.')}`, { location: 'query' })
    return undefined
  }
  const name = path.join('.')
  const parameters = parametersOf(sent)
  const values = argumentValues(
    name,
    parameters,
    args.map((arg) => write.typed(arg, scope)),
  )
  const declared =
    sent['returnType'] === undefined ? undefined : fieldFromStandard(sent['returnType'] as StandardType)
  if (sent['language'] === 'JAVASCRIPT') {
    scope.statement.changing.push(name)
    return javascriptCall(
      scope.statement.isolate,
      sent,
      parameters.map((parameter) => parameter.name),
      values,
      declared ?? { name: '', type: 'STRING' },
    )
  }
  const body = String(sent['definitionBody'])
  const [tree] = scope.statement.parse(`SELECT ${body}`)
  const items = children(bodyOf(tree ?? {}), 'expressions')
  if (!mentions(items, QUERIES) && !mentions(args, VOLATILE))
    return returned(name, inline(write, scope.statement, body, parameters, values), declared)
  // A query inside the body could catch names of the arguments, so these become columns of a row first.
  if (args.some((arg) => mentions(arg, AGGREGATES)))
    throw new ApiError(
      400,
      'invalidQuery',
      `Unsupported by the local BigQuery: an aggregate as argument of ${name}, whose body holds a query`,
      { location: 'query' },
    )
  const alias = quoteName(`_args_${rows++ % 1_000_000}`)
  const columns = values.map((value, i) => typed(`${alias}.${quoteName(`a${i}`)}`, value.type))
  const result = returned(name, inline(write, scope.statement, body, parameters, columns), declared)
  if (values.length === 0) return result
  const list = values.map((value, i) => `${value.sql} AS ${quoteName(`a${i}`)}`)
  return typed(`(SELECT ${result.sql} FROM (SELECT ${list.join(', ')}) AS ${alias})`, result.type)
}

/** The call of a table function in FROM. */
export function tableFunction(
  write: Writer,
  scope: Scope,
  path: readonly string[],
  args: readonly Ast[],
): Pick<ResolvedTable, 'sql' | 'fields'> {
  const { statement } = scope
  const sent = findFunction(statement, path, ['TABLE_VALUED_FUNCTION'])
  if (sent === undefined) throw invalidQuery(`Table-valued function not found: ${path.join('.')}`)
  const parameters = parametersOf(sent)
  const values = argumentValues(
    path.join('.'),
    parameters,
    args.map((arg) => write.typed(arg, scope)),
  )
  const result = nested(() =>
    bodyStatement(statement, parameters, values).queryHere(String(sent['definitionBody']), write),
  )
  const declared = (
    sent['returnTableType'] as { columns?: readonly { name: string; type: StandardType }[] } | undefined
  )?.columns
  const fields = declared?.map((column) => fieldFromStandard(column.type, column.name)) ?? result.fields
  if (fields.length !== result.names.length)
    throw invalidQuery(`Table function ${path.join('.')} does not return the columns it declares`)
  const columns = fields.map((field, i) => {
    const sql = coerce(typed(quoteName(result.names[i] ?? ''), result.fields[i]), field)
    if (sql === undefined)
      throw invalidQuery(`Column ${field.name} of ${path.join('.')} does not have the declared type`)
    return `${sql} AS ${quoteName(field.name)}`
  })
  return { sql: `(SELECT ${columns.join(', ')} FROM (${result.sql}))`, fields }
}

/** Writes the body once with parameters of no value, so that a mistake shows when the function is made. */
export function checkBody(statement: Statement, sent: Sent): void {
  const parameters = parametersOf(sent)
  if (sent['language'] === 'JAVASCRIPT' || parameters.some(({ type }) => type === undefined)) return
  const values = parameters.map(({ type }) => typed(`CAST(NULL AS ${duckdbType(type as FieldSchema)})`, type))
  const inside = bodyStatement(statement, parameters, values)
  const body = String(sent['definitionBody'])
  if (sent['routineType'] === 'TABLE_VALUED_FUNCTION') inside.queryHere(body)
  else {
    const declared =
      sent['returnType'] === undefined ? undefined : fieldFromStandard(sent['returnType'] as StandardType)
    returned('the function', inside.expression(body, undefined, newScope(inside)), declared)
  }
}

function parametersOf(sent: Sent): readonly Parameter[] {
  const args = (sent['arguments'] ?? []) as readonly {
    name?: string
    dataType?: StandardType
    argumentKind?: string
  }[]
  return args.map((arg) => ({
    name: arg.name ?? '',
    ...(arg.dataType === undefined || arg.argumentKind === 'ANY_TYPE'
      ? {}
      : { type: fieldFromStandard(arg.dataType) }),
  }))
}

function argumentValues(
  name: string,
  parameters: readonly Parameter[],
  given: readonly Typed[],
): readonly Typed[] {
  const signature = (): Error =>
    invalidQuery(
      `No matching signature for function ${name} for argument types: ${given.map(({ type }) => typeName(type)).join(', ')}`,
    )
  if (given.length !== parameters.length)
    throw invalidQuery(
      `Number of arguments does not match for function ${name}; it takes ${parameters.length}`,
    )
  return given.map((value, i) => {
    const wanted = parameters[i]?.type
    if (wanted === undefined) return value
    const sql = coerce(value, wanted)
    if (sql === undefined) throw signature()
    return typed(sql, wanted)
  })
}

/** The statement as the body of a routine sees it: with its parameters, and nothing of the caller's but functions. */
function bodyStatement(
  statement: Statement,
  parameters: readonly Parameter[],
  values: readonly Typed[],
): Statement {
  const byName = new Map(parameters.map((parameter, i) => [parameter.name.toLowerCase(), values[i] as Typed]))
  const session = {
    ...EMPTY_SESSION,
    functions: statement.session.functions,
    variable: (name: string) => byName.get(name.toLowerCase()),
  }
  const { filtered: _filtered, ...rest } = statement
  return { ...rest, session, parameters: new Map() }
}

function inline(
  write: Writer,
  statement: Statement,
  body: string,
  parameters: readonly Parameter[],
  values: readonly Typed[],
): Typed {
  const inside = bodyStatement(statement, parameters, values)
  return nested(() => inside.expression(body, write, newScope(inside)))
}

function nested<T>(task: () => T): T {
  if (depth >= DEEPEST_CALL)
    throw invalidQuery('Functions call each other too deeply; a function cannot call itself')
  depth++
  try {
    return task()
  } finally {
    depth--
  }
}

function returned(name: string, value: Typed, declared: FieldSchema | undefined): Typed {
  if (declared === undefined) return typed(`(${value.sql})`, value.type)
  const sql = coerce(value, declared)
  if (sql === undefined)
    throw invalidQuery(
      `Function ${name} is declared to return ${typeName(declared)} but its body has type ${typeName(value.type)}`,
    )
  return typed(`(${sql})`, declared)
}

const QUERIES = /^(select|subquery|unnest|union|intersect|except|exists)$/
const AGGREGATES =
  /^(aggregate_function|window_function|count|sum|avg|min|max|array_agg|string_agg|any_value|approx_.*|count_if|logical_.*|std.*|var.*|group_concat)$/
const VOLATILE = /^(rand|random|uuid|subquery|select)$|GENERATE_UUID|^RAND$/

/** Whether a kind of node, or a function of such a name, is anywhere in a tree. */
function mentions(node: unknown, kinds: RegExp): boolean {
  if (typeof node !== 'object' || node === null) return false
  if (!Array.isArray(node) && 'args' in node && kinds.test(String((node as { name?: unknown }).name)))
    return true
  return Object.entries(node).some(([key, value]) => {
    if (typeof value !== 'object' || value === null) return false
    return (!Array.isArray(node) && kinds.test(key) && kindOf(node as Ast) === key) || mentions(value, kinds)
  })
}
