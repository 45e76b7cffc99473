// Which tables one document is about: by the object type, and by the options that go before it.
import { parseTableId } from '../../browse/profiles.ts'
import type { Destination } from '../../contract/insert-rows.ts'
import type { UpsertOptions } from '../../contract/options/upsert.ts'
import { ConnectorError } from '../../errors.ts'
import type { TableName } from './table-names.ts'

export interface Places {
  readonly projectId: string
  /** The dataset of every step. */
  readonly datasetId: string
  /** The table that the SQL changes; undefined where none is named. */
  readonly target: TableName | undefined
  /** The table that a file is loaded into without SQL; undefined where none is named. */
  readonly destination: TableName | undefined
}

/** @throws ConnectorError `BQC_CONFIG_INVALID` where no dataset is named. */
export function placesOf(options: UpsertOptions, usualProject: string): Places {
  const { objectType, targetTableForQuery, destinationTableForLoad } = options
  const chosen = objectType === 'GENERIC' ? undefined : parseTableId(objectType)
  const projectId = options.projectIdOverride || usualProject
  const datasetId = options.datasetId || chosen?.datasetId
  if (!datasetId) throw missing('datasetId', 'a generic table has no dataset of its own')
  const table = (tableId = ''): TableName | undefined =>
    tableId === '' ? undefined : { projectId, datasetId, tableId }
  return {
    projectId,
    datasetId,
    target: table(targetTableForQuery || chosen?.tableId),
    destination: table(destinationTableForLoad || chosen?.tableId),
  }
}

/** Where documents go; empty where each one has to say it. */
export function usualDestination(options: UpsertOptions, usualProject: string): Destination {
  const { objectType, targetTableForQuery } = options
  const chosen = objectType === 'GENERIC' ? undefined : parseTableId(objectType)
  return {
    projectId: options.projectIdOverride || usualProject,
    datasetId: options.datasetId || chosen?.datasetId || '',
    tableId: targetTableForQuery || chosen?.tableId || '',
    templateSuffix: '',
  }
}

export function missing(option: keyof UpsertOptions, why: string): ConnectorError {
  return new ConnectorError('BQC_CONFIG_INVALID', `Upsert needs ${option}: ${why}.`, {
    faults: [{ path: `/${option}`, message: `is required: ${why}` }],
  })
}
