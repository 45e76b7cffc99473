// The profiles of an operation: from the live table, from the API's description of itself, from a query.
import { readFileSync } from 'node:fs'
import type { ControlPlane } from '../bigquery/control-plane.ts'
import type { ProfileScope } from '../contract/connection.ts'
import type { TableType } from '../contract/object-type.ts'
import type { OperationId } from '../contract/operation.ts'
import type { JsonSchema, Profile } from '../contract/profile.ts'
import type { TableField } from '../contract/table-schema.ts'
import { resultSchemaOf, rowSchemaOf } from '../encoding/json-schema.ts'
import { ConnectorError } from '../errors.ts'
import { jobProfile, tableProfile, upsertResponse } from './api-profiles.ts'
import { type Definitions, definitionsOf, writtenOut } from './definitions.ts'
import { upsertedRow } from './upserted-row.ts'

export interface ProfilePorts {
  readonly control: ControlPlane
  readonly projectId: string
  readonly location: string | undefined
  /** The content of a custom discovery document, by its URL or path. */
  readonly readDiscovery: (source: string, signal: AbortSignal) => Promise<unknown>
}

/** @throws ConnectorError `BQC_NOT_FOUND` for a table that is not there. */
export async function buildProfile(
  operationId: OperationId,
  objectTypeId: string,
  scope: ProfileScope,
  ports: ProfilePorts,
  signal: AbortSignal,
): Promise<Profile> {
  const profile = await profileOf(operationId, objectTypeId, scope, ports, signal)
  const { depth } = scope
  if (depth === undefined) return profile
  if (!Number.isInteger(depth) || depth < 1 || depth > 10) {
    const message = 'must be a whole number from 1 to 10'
    throw new ConnectorError('BQC_CONFIG_INVALID', `The depth of a profile ${message}.`, {
      faults: [{ path: '/depth', value: depth, message }],
    })
  }
  const { request, response } = profile
  return { request: writtenOut(request, depth), response: response && writtenOut(response, depth) }
}

async function profileOf(
  operationId: OperationId,
  objectTypeId: string,
  scope: ProfileScope,
  ports: ProfilePorts,
  signal: AbortSignal,
): Promise<Profile> {
  const definitions = async () => {
    const { discovery } = scope
    if (!discovery) return readProfile('api')['$defs'] as Definitions
    return definitionsOf(await ports.readDiscovery(discovery, signal), discovery)
  }
  switch (operationId) {
    case 'streaming-insert': {
      const response = readProfile('insert-receipt')
      if (objectTypeId === 'DYNAMIC') return { request: anyRow, response }
      const { datasetId, tableId } = parseTableId(objectTypeId)
      const { fields } = await ports.control.getTable(ports.projectId, datasetId, tableId, signal)
      return { request: rowSchemaOf(fields, objectTypeId), response }
    }
    case 'run-job':
      return jobProfile(objectTypeId, await definitions())
    case 'update': {
      if (objectTypeId === 'DYNAMIC') {
        return tableProfile(objectTypeId, scope.resourceType || 'TABLE', await definitions())
      }
      const { datasetId, tableId } = parseTableId(objectTypeId)
      const { type } = await ports.control.getTable(ports.projectId, datasetId, tableId, signal)
      return tableProfile(objectTypeId, type as TableType, await definitions())
    }
    case 'get-query-results': {
      const request = readProfile('query-results-request')
      return { request, response: await resultProfile(scope, ports, signal) }
    }
    case 'upsert':
      if (scope.input === 'documents') {
        const response = readProfile('upsert-receipt')
        if (objectTypeId === 'GENERIC') return { request: anyRow, response }
        const table = { projectId: ports.projectId, ...parseTableId(objectTypeId) }
        return { request: await upsertedRow(ports.control, table, objectTypeId, scope, signal), response }
      }
      return { request: readProfile('upsert-request'), response: upsertResponse(await definitions()) }
  }
}

const anyRow: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'A row of the table that the document names',
  type: 'object',
}

/** Which columns come back depends on the query; BigQuery tells of one that it is shown. */
async function resultProfile(
  { query, integers = 'string', decimals = 'string' }: ProfileScope,
  { control, projectId, location }: ProfilePorts,
  signal: AbortSignal,
): Promise<JsonSchema | null> {
  if (!query?.trim()) return { type: 'object' }
  const configuration = { dryRun: true, query: { query, useLegacySql: false } }
  const jobReference = { projectId, ...(location ? { location } : {}) }
  const { job } = await control.insertJob(projectId, { configuration, jobReference }, false, signal)
  const fields = job.statistics?.query?.schema?.fields as readonly TableField[] | undefined
  // A statement that changes something gives no rows.
  if (fields === undefined) return null
  return resultSchemaOf(fields, { integers, decimals }, 'A row of the result')
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
