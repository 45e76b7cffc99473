// What a compiled statement is, and what it may ask of the job that runs it.
import type { Catalog } from '../storage/catalog.ts'
import type { RoutineName } from '../storage/routine-catalog.ts'
import type { FieldSchema } from '../wire/table-schema.ts'
import type { SessionTable } from './session.ts'
import type { Rows } from './writer.ts'

/** The connection of the running job, and what changes must go through. */
export interface Run {
  readonly catalog: Catalog
  readonly projectId: string
  readonly location: string
  /** Set while a transaction is open: only temporary tables may be made then. */
  readonly inTransaction: boolean
  execute(sql: string): Promise<number>
  /** The rows of a small result, as JSON values. */
  read(sql: string): Promise<readonly (readonly unknown[])[]>
  /** Keeps rows aside while the catalog changes; the answer is a SELECT over them. */
  stage(sql: string): Promise<string>
  /** The value of a BigQuery expression as JSON. */
  evaluate(expression: string): Promise<unknown>
  /** Compiles a query that stands in the text of a statement. */
  query(text: string): Rows
  /** The job's temporary tables and functions, by name in small letters. */
  readonly tables: Map<string, SessionTable>
  readonly functions: Map<string, Readonly<Record<string, unknown>>>
}

export interface DdlOutcome {
  readonly operation: 'CREATE' | 'SKIP' | 'REPLACE' | 'ALTER' | 'DROP'
  readonly table?: { readonly projectId: string; readonly datasetId: string; readonly tableId: string }
  readonly dataset?: { readonly projectId: string; readonly datasetId: string }
  readonly routine?: RoutineName
  /** The columns of the table or view that was made. */
  readonly fields?: readonly FieldSchema[]
}

export interface RowsStatement {
  readonly kind: 'rows'
  readonly statementType: 'SELECT'
  readonly sql: string
  readonly fields: readonly FieldSchema[]
  /** What DuckDB calls the columns. */
  readonly names: readonly string[]
}

export interface DmlStatement {
  readonly kind: 'dml'
  readonly statementType: string
  /** The physical table; statements on one table take turns. */
  readonly target: string
  readonly fields: readonly FieldSchema[]
  /** A query that fails with this message when it finds a row. */
  readonly mustBeEmpty?: { readonly sql: string; readonly message: string }
  readonly sql: string
  /** Whether the statement returns one action a row, as MERGE does. */
  readonly actions?: boolean
}

export interface DdlStatement {
  readonly kind: 'ddl'
  readonly statementType: string
  /** The columns it would make, for a dry run; changes nothing. */
  readonly preview?: (on: Run) => Promise<readonly FieldSchema[]>
  readonly run: (on: Run) => Promise<DdlOutcome>
}

export type Statement = RowsStatement | DmlStatement | DdlStatement
