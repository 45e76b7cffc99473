// What names mean at a point in a statement: tables in FROM, common table expressions, parameters.
import type { Catalog } from '../storage/catalog.ts'
import { physicalTable } from '../storage/physical-names.ts'
import { ApiError, invalidQuery, notFound } from '../wire/api-error.ts'
import type { FieldSchema } from '../wire/table-schema.ts'
import { type Ast, nameOf, unsupported } from './ast.ts'
import type { BoundParameter } from './parameters.ts'

/** A FROM item: the name it goes by and, where known, its columns. */
export interface Source {
  readonly alias: string
  readonly fields?: readonly FieldSchema[]
  /** How `*` shows this item, when that is not simply all its columns. */
  readonly star?: string
  /** Set when `*` over this item cannot be written down. */
  readonly starUnknown?: boolean
}

export interface Statement {
  readonly catalog: Catalog
  readonly projectId: string
  readonly location: string
  readonly defaultDataset: { readonly projectId?: string; readonly datasetId: string } | undefined
  readonly parameters: ReadonlyMap<string, BoundParameter>
}

export interface Scope {
  readonly statement: Statement
  readonly parent: Scope | undefined
  readonly commonTables: Set<string>
  readonly sources: Source[]
}

export function newScope(statement: Statement, parent?: Scope): Scope {
  return { statement, parent, commonTables: new Set(), sources: [] }
}

export function isCommonTable(scope: Scope | undefined, name: string): boolean {
  return (
    scope !== undefined && (scope.commonTables.has(name.toLowerCase()) || isCommonTable(scope.parent, name))
  )
}

export function findSource(scope: Scope | undefined, alias: string): Source | undefined {
  if (scope === undefined) return undefined
  const wanted = alias.toLowerCase()
  return (
    scope.sources.find((source) => source.alias.toLowerCase() === wanted) ?? findSource(scope.parent, alias)
  )
}

/** The field a path names, where the tables around it are known; undefined where they are not. */
export function findField(scope: Scope | undefined, path: readonly string[]): FieldSchema | undefined {
  const [first = '', ...rest] = path
  if (scope === undefined) return undefined
  const source = findSource(scope, first)
  if (source?.fields !== undefined && rest.length > 0) {
    const found = descend(source.fields, rest)
    if (found !== undefined) return found
  }
  for (let level: Scope | undefined = scope; level !== undefined; level = level.parent)
    for (const { fields } of level.sources) {
      const found = fields === undefined ? undefined : descend(fields, path)
      if (found !== undefined) return found
    }
  return undefined
}

function descend(fields: readonly FieldSchema[], path: readonly string[]): FieldSchema | undefined {
  const [first = '', ...rest] = path
  const field = fields.find(({ name }) => name.toLowerCase() === first.toLowerCase())
  return field === undefined || rest.length === 0 ? field : descend(field.fields ?? [], rest)
}

export function parameter(scope: Scope, name: string): BoundParameter {
  const found = scope.statement.parameters.get(name.toLowerCase())
  if (found !== undefined) return found
  const positional = /^_p(\d+)$/.exec(name)
  throw invalidQuery(
    positional === null
      ? `Query parameter '${name}' not found`
      : `Query parameter number ${Number(positional[1]) + 1} is not defined`,
  )
}

/** The parts of a table's name: `p.d.t` may be quoted as a whole, in parts, or not at all. */
export function tablePath(table: Ast): readonly string[] {
  return [table['catalog'], table['schema'], table['name']]
    .map(nameOf)
    .filter((name) => name !== '')
    .flatMap((name) => name.split('.'))
}

export interface TableName {
  readonly projectId: string
  readonly datasetId: string
  readonly tableId: string
}

export function tableName(statement: Statement, path: readonly string[]): TableName {
  const tableId = path[path.length - 1] ?? ''
  if (path.some((name) => name.toUpperCase() === 'INFORMATION_SCHEMA'))
    throw unsupported('INFORMATION_SCHEMA')
  if (tableId.endsWith('*')) throw unsupported('wildcard tables')
  if (path.length === 1) {
    const home = statement.defaultDataset
    if (home === undefined)
      throw invalidQuery(`Table "${tableId}" must be qualified with a dataset (e.g. dataset.table).`)
    return { projectId: home.projectId ?? statement.projectId, datasetId: home.datasetId, tableId }
  }
  const datasetId = path[path.length - 2] ?? ''
  const projectId = path.length > 2 ? path.slice(0, -2).join('.') : statement.projectId
  return { projectId, datasetId, tableId }
}

/** Looks a table up where the query runs: a dataset elsewhere is as good as none. */
export function resolveTable(
  statement: Statement,
  path: readonly string[],
): { readonly sql: string; readonly fields: readonly FieldSchema[]; readonly name: TableName } {
  const name = tableName(statement, path)
  const { projectId, datasetId, tableId } = name
  checkDataset(statement, projectId, datasetId)
  const entry = statement.catalog.findTable(projectId, datasetId, tableId)
  if (entry === undefined)
    throw notFound(
      `Table ${projectId}:${datasetId}.${tableId} was not found in location ${statement.location}`,
    )
  if (entry.schema.fields.length === 0)
    throw invalidQuery(`Table ${projectId}:${datasetId}.${tableId} does not have a schema.`)
  return { sql: physicalTable(projectId, datasetId, tableId), fields: entry.schema.fields, name }
}

export function checkDataset(statement: Statement, projectId: string, datasetId: string): void {
  const dataset = statement.catalog.findDataset(projectId, datasetId)
  if (dataset === undefined || dataset.location !== statement.location)
    throw new ApiError(
      404,
      'notFound',
      `Not found: Dataset ${projectId}:${datasetId} was not found in location ${statement.location}`,
    )
}
