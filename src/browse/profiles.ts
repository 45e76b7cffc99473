// The profiles of an operation: from the live table, or fixed ones from schemas/profiles.
import { readFileSync } from 'node:fs'
import type { ControlPlane } from '../bigquery/control-plane.ts'
import type { OperationId } from '../contract/operation.ts'
import type { JsonSchema, Profile } from '../contract/profile.ts'
import { rowSchemaOf } from '../encoding/json-schema.ts'
import { ConnectorError } from '../errors.ts'

/** @throws ConnectorError `BQC_NOT_FOUND` for a table that is not there. */
export async function buildProfile(
  operationId: OperationId,
  objectTypeId: string,
  control: ControlPlane,
  projectId: string,
  signal: AbortSignal,
): Promise<Profile> {
  switch (operationId) {
    case 'streaming-insert': {
      const { datasetId, tableId } = parseTableId(objectTypeId)
      const { fields } = await control.getTable(projectId, datasetId, tableId, signal)
      return { request: rowSchemaOf(fields, objectTypeId), response: null }
    }
    case 'run-job': {
      const job = readProfile('query-job')
      return { request: job, response: job }
    }
    case 'update':
      return { request: { type: 'object' }, response: { type: 'object' } }
    case 'get-query-results':
      // Which columns come back depends on the query.
      return { request: readProfile('query-results-request'), response: { type: 'object' } }
    case 'upsert':
      return { request: readProfile('upsert-request'), response: readProfile('upsert-result') }
  }
}

/**
 * @param objectTypeId `datasets/{d}/tables/{t}`
 * @throws ConnectorError `BQC_CONFIG_INVALID`
 */
export function parseTableId(objectTypeId: string): { readonly datasetId: string; readonly tableId: string } {
  const [, datasetId, tableId] = /^datasets\/([^/]+)\/tables\/([^/]+)$/.exec(objectTypeId) ?? []
  if (datasetId !== undefined && tableId !== undefined) return { datasetId, tableId }
  const message = `${JSON.stringify(objectTypeId)} names no table. The form is datasets/DATASET/tables/TABLE.`
  throw new ConnectorError('BQC_CONFIG_INVALID', message, {
    faults: [
      {
        path: '/objectType',
        value: objectTypeId,
        message: 'must have the form datasets/DATASET/tables/TABLE',
      },
    ],
  })
}

function readProfile(name: string): JsonSchema {
  return JSON.parse(
    readFileSync(new URL(`../../schemas/profiles/${name}.schema.json`, import.meta.url), 'utf8'),
  )
}
