// What the catalog keeps of each dataset and table.
import { randomUUID } from 'node:crypto'
import type { TableSchema } from '../wire/table-schema.ts'

export interface DatasetEntry {
  readonly projectId: string
  readonly datasetId: string
  readonly location: string
  readonly etag: string
  readonly createdAt: number
  readonly modifiedAt: number
  /** The fields the client sent, apart from the reference. */
  readonly sent: Readonly<Record<string, unknown>>
}

/** A view has no rows of its own: its query is in `sent`, as the API shows it. */
export type TableType = 'TABLE' | 'VIEW' | 'MATERIALIZED_VIEW' | 'SNAPSHOT' | 'EXTERNAL'

export interface TableEntry {
  readonly projectId: string
  readonly datasetId: string
  readonly tableId: string
  /** Differs between a table and its successor of the same name. */
  readonly incarnation: string
  readonly schema: TableSchema
  /** What it is; absent for a table with rows of its own. */
  readonly type?: TableType
  readonly location: string
  readonly etag: string
  readonly createdAt: number
  readonly modifiedAt: number
  readonly sent: Readonly<Record<string, unknown>>
}

/** The dataset that a table or routine lives in. */
export type DatasetName = Pick<DatasetEntry, 'projectId' | 'datasetId'>

export function isView(entry: Pick<TableEntry, 'type'>): boolean {
  return entry.type === 'VIEW' || entry.type === 'MATERIALIZED_VIEW'
}

/** The query of a view; '' for a table. */
export function viewQuery({ sent }: Pick<TableEntry, 'sent'>): string {
  const definition = (sent['view'] ?? sent['materializedView']) as { query?: string } | undefined
  return definition?.query ?? ''
}

export function newEtag(): string {
  return Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64')
}

export function sorted<K extends string, T extends Readonly<Record<K, string>>>(entries: T[], key: K): T[] {
  return entries.sort((a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0))
}
