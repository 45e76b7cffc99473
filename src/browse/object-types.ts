// The object types of an operation: those that are always there, then the tables of a dataset.
import type { ControlPlane } from '../bigquery/control-plane.ts'
import type { ListedTable } from '../bigquery/lists.ts'
import type { BrowseScope } from '../contract/connection.ts'
import type { OperationDescriptor } from '../contract/descriptor.ts'
import type { ObjectType, TableType } from '../contract/object-type.ts'
import { ConnectorError, type Fault } from '../errors.ts'
import { checkLimit, everyItem } from './pages.ts'

const kinds: Readonly<Record<TableType, ObjectType['kind']>> = {
  EXTERNAL: 'external',
  MATERIALIZED_VIEW: 'materialized-view',
  SNAPSHOT: 'snapshot',
  TABLE: 'table',
  VIEW: 'view',
}

/** @throws ConnectorError `BQC_CONFIG_INVALID`, or `BQC_NOT_FOUND` where there is nothing. */
export async function listObjectTypes(
  descriptor: OperationDescriptor,
  control: ControlPlane,
  projectId: string,
  scope: BrowseScope,
  signal: AbortSignal,
): Promise<readonly ObjectType[]> {
  const { datasetId, limit = Number.POSITIVE_INFINITY } = scope
  checkLimit(scope.limit)
  const matches = matcherOf(scope.search)
  const fixed = (descriptor.objectTypes.fixed ?? []).filter(({ label }) => matches(label))
  const types = tableTypesOf(descriptor, scope.resourceType)
  if (types.length === 0) return fixed.slice(0, limit)
  if (!datasetId) {
    if (descriptor.objectTypes.fixed !== undefined) return fixed.slice(0, limit)
    throw missing('datasetId', `Tables for ${descriptor.id} are listed dataset by dataset: give a datasetId.`)
  }

  const tables: ObjectType[] = []
  for await (const table of everyItem((page) => control.listTables(projectId, datasetId, page, signal))) {
    if (types.includes(table.type as TableType) && matches(table.tableId)) {
      tables.push(objectTypeOf(datasetId, table))
    }
  }
  if (tables.length === 0 && descriptor.objectTypes.fixed === undefined && !scope.search) {
    const message = `There is no ${types.join(' or ')} in ${projectId}.${datasetId}. Create one, or choose another dataset.`
    throw new ConnectorError('BQC_NOT_FOUND', message)
  }
  tables.sort((a, b) => (a.label < b.label ? -1 : 1))
  return [...fixed, ...tables].slice(0, limit)
}

/** The types that an operation lists; of those, the one that is asked for. */
export function tableTypesOf(
  { id, objectTypes: { tables = [] } }: OperationDescriptor,
  asked: TableType | undefined,
): readonly TableType[] {
  if (!asked || tables.length === 0) return tables
  if (tables.includes(asked)) return [asked]
  const message = `must be one of ${tables.join(', ')}`
  throw new ConnectorError('BQC_CONFIG_INVALID', `The resourceType of ${id} ${message}, not "${asked}".`, {
    faults: [{ path: '/resourceType', value: asked, message }],
  })
}

export function objectTypeOf(datasetId: string, { tableId, type }: ListedTable): ObjectType {
  const kind = kinds[type as TableType] ?? 'table'
  return { id: `datasets/${datasetId}/tables/${tableId}`, label: tableId, kind }
}

/** True for labels that have the text somewhere; for all where there is none. */
export function matcherOf(search: string | undefined): (label: string) => boolean {
  const wanted = search?.toLowerCase() ?? ''
  return (label) => label.toLowerCase().includes(wanted)
}

export function missing(name: string, message: string): ConnectorError {
  const fault: Fault = { path: `/${name}`, message: 'is required' }
  return new ConnectorError('BQC_CONFIG_INVALID', message, { faults: [fault] })
}
