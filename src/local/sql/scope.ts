// What names mean at a point in a statement: tables in FROM, common table expressions, parameters.
import type { Job } from '../jobs/job.ts'
import type { Catalog, TableEntry } from '../storage/catalog.ts'
import { physicalTable } from '../storage/physical-names.ts'
import { ApiError, invalidQuery, notFound } from '../wire/api-error.ts'
import { type FieldSchema, isRepeated, quoteName } from '../wire/table-schema.ts'
import { type Ast, nameOf } from './ast.ts'
import type { BoundParameter } from './parameters.ts'
import type { Session } from './session.ts'
import { type Typed, typed } from './typing.ts'
import type { Rows, Writer } from './writer.ts'

/** A column that can be named, and how DuckDB is asked for it. */
export interface Column {
  readonly name: string
  readonly value: Typed
  /** Not shown by `*`: one of two columns merged by USING, or a pseudo column. */
  readonly hidden?: 'merged' | 'pseudo'
  /** It has no name but the number it was given, so nothing can name it. */
  readonly numbered?: boolean
}

/** A FROM item: the name it goes by and, where known, its columns. */
export interface Source {
  readonly alias: string
  readonly fields?: readonly FieldSchema[]
  /** Where columns are not simply fields of the alias. */
  readonly columns?: readonly Column[]
  /** What the alias itself stands for, when rows are plain values. */
  readonly value?: Typed
}

export interface Statement {
  readonly catalog: Catalog
  readonly projectId: string
  readonly location: string
  readonly defaultDataset: { readonly projectId?: string; readonly datasetId: string } | undefined
  readonly parameters: ReadonlyMap<string, BoundParameter>
  readonly session: Session
  /** Collects the tables the text names that want a filter on their partitions; absent inside views and routines. */
  readonly filtered?: TableEntry[]
  /** Collects what may have another value when the statement runs again: variables, the clock, chance. */
  readonly changing: string[]
  /** One for each statement that runs: JavaScript functions keep nothing from one to the next. */
  readonly isolate: string
  /** The jobs of a project, newest first. */
  readonly jobs: (projectId: string) => readonly Job[]
  readonly parse: (sql: string) => readonly Ast[]
  /** Writes an expression that stands in the text of a statement. */
  readonly expression: (text: string, write: Writer | undefined, scope: Scope) => Typed
  /** The value of a literal that stands in the text of a statement. */
  readonly literal: (text: string) => string
  /** Writes a query that stands in the text of this statement, whose variables it may name. */
  readonly queryHere: (this: Statement, text: string, write?: Writer) => Rows
  /** Writes a query that stands elsewhere: a view's, in which nothing of this statement has a meaning. */
  readonly query: (this: Statement, text: string) => Rows
  /** Tables that are not simply a stored table; undefined for those that are. */
  readonly specialTable: (statement: Statement, path: readonly string[]) => ResolvedTable | undefined
}

export interface Scope {
  readonly statement: Statement
  readonly parent: Scope | undefined
  readonly commonTables: Map<string, Rows>
  readonly sources: Source[]
  /** Names the SELECT list gives, where a clause may use them. */
  readonly selected?: ReadonlyMap<string, Typed>
  readonly windows?: ReadonlyMap<string, Ast>
}

export function newScope(statement: Statement, parent?: Scope): Scope {
  return { statement, parent, commonTables: new Map(), sources: [] }
}

export function commonTable(scope: Scope | undefined, name: string): Rows | undefined {
  if (scope === undefined) return undefined
  return scope.commonTables.get(name.toLowerCase()) ?? commonTable(scope.parent, name)
}

export function findSource(scope: Scope | undefined, alias: string): Source | undefined {
  if (scope === undefined) return undefined
  const wanted = alias.toLowerCase()
  return (
    scope.sources.find((source) => source.alias.toLowerCase() === wanted) ?? findSource(scope.parent, alias)
  )
}

/** The columns of a source; undefined where they are not known. */
export function columnsOf(source: Source): readonly Column[] | undefined {
  return (
    source.columns ??
    source.fields?.map((field) => ({
      name: field.name,
      value: typed(storedColumn(`${quoteName(source.alias)}.${quoteName(field.name)}`, field), field),
    }))
  )
}

let aliases = 0

/** A name for a FROM item inside DuckDB that no other item has, so that every column is found where it belongs. */
export function physicalAlias(alias: string): string {
  aliases = (aliases + 1) % 1_000_000
  return `${alias}$${aliases}`
}

/** A stored array is never NULL: what was written as NULL, or not at all, is an empty array. */
function storedColumn(sql: string, field: FieldSchema): string {
  return isRepeated(field) ? `coalesce(${sql}, [])` : sql
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

export interface ResolvedTable {
  readonly sql: string
  readonly fields: readonly FieldSchema[]
  readonly name: TableName
  /** Whether its rows can be changed. */
  readonly writable?: boolean
  /** Columns that `*` does not show, and how DuckDB is asked for them under an alias. */
  readonly pseudo?: (alias: string) => readonly Column[]
}

/** Looks a table up where the query runs: a dataset elsewhere is as good as none. */
export function resolveTable(statement: Statement, path: readonly string[]): ResolvedTable {
  const special = statement.specialTable(statement, path)
  if (special !== undefined) return special
  const { name, fields } = findStored(statement, path)
  const { projectId, datasetId, tableId } = name
  if (fields.length === 0)
    throw invalidQuery(`Table ${projectId}:${datasetId}.${tableId} does not have a schema.`)
  return { sql: physicalTable(projectId, datasetId, tableId), fields, name, writable: true }
}

/** The entry of a table that must exist. */
export function findStored(
  statement: Statement,
  path: readonly string[],
): { readonly name: TableName; readonly fields: readonly FieldSchema[]; readonly entry: TableEntry } {
  const name = tableName(statement, path)
  const { projectId, datasetId, tableId } = name
  checkDataset(statement, projectId, datasetId)
  const entry = statement.catalog.findTable(projectId, datasetId, tableId)
  if (entry === undefined)
    throw notFound(
      `Table ${projectId}:${datasetId}.${tableId} was not found in location ${statement.location}`,
    )
  return { name, fields: entry.schema.fields, entry }
}

/** What a table brings into scope under a name. */
export function tableSource(alias: string, table: Pick<ResolvedTable, 'fields' | 'pseudo'>): Source {
  const source: Source = { alias, fields: table.fields }
  if (table.pseudo === undefined) return source
  return { ...source, columns: [...(columnsOf(source) ?? []), ...table.pseudo(alias)] }
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
