// Which table or view a document of Update means.
import { parseTableId } from '../browse/profiles.ts'
import type { JsonObject } from '../contract/document.ts'
import { ConnectorError, type Fault } from '../errors.ts'

export interface UpdatedTable {
  readonly projectId: string
  readonly datasetId: string
  readonly tableId: string
}

interface Addressing {
  readonly objectType: string
  /** Empty: the one of the object type. */
  readonly datasetId: string
  readonly projectIdOverride?: string
}

/**
 * With `DYNAMIC`, the document's tableReference says it. Otherwise the operation does, a property `datasetId`
 * overrides its dataset, and a tableReference that says something else is refused instead of overwritten:
 * one of the two is a mistake.
 * @throws ConnectorError `BQC_DOCUMENT_INVALID`
 */
export function tableOf(
  data: JsonObject,
  properties: Readonly<Record<string, string>>,
  { objectType, datasetId, projectIdOverride }: Addressing,
  usualProjectId: string,
): UpdatedTable {
  const named = (data['tableReference'] ?? {}) as Readonly<Record<string, unknown>>
  const override = properties['projectIdOverride'] || projectIdOverride
  const place = override ? { projectId: override } : {}
  const table: UpdatedTable =
    objectType === 'DYNAMIC'
      ? { ...dynamicTable(named, usualProjectId), ...place }
      : {
          projectId: usualProjectId,
          ...parseTableId(objectType),
          ...place,
          ...datasetOf(properties, datasetId),
        }
  const wrong = Object.entries(table).filter(([name, value]) => (named[name] || value) !== value)
  refuse(
    wrong.map(([name, value]) => ({
      path: `/tableReference/${name}`,
      value: named[name],
      message: `must be ${value}, or left out`,
    })),
  )
  return table
}

function dynamicTable(named: Readonly<Record<string, unknown>>, usualProjectId: string): UpdatedTable {
  const { datasetId, tableId } = named
  const projectId = named['projectId'] || usualProjectId
  const missing = Object.entries({ projectId, datasetId, tableId }).filter(
    ([, name]) => typeof name !== 'string' || !name,
  )
  refuse(missing.map(([name]) => ({ path: `/tableReference/${name}`, message: 'must be a name' })))
  return { projectId, datasetId, tableId } as UpdatedTable
}

function datasetOf(
  properties: Readonly<Record<string, string>>,
  usual: string,
): { readonly datasetId?: string } {
  const datasetId = properties['datasetId'] || usual
  return datasetId ? { datasetId } : {}
}

function refuse(faults: readonly Fault[]): void {
  if (faults.length === 0) return
  const lines = faults.map(({ path, message }) => `${path} ${message}`)
  const text = `The document names no table that can be updated here: ${lines.join('; ')}.`
  throw new ConnectorError('BQC_DOCUMENT_INVALID', text, { faults })
}
