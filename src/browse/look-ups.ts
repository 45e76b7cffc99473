// What a form's field can be filled in with: projects, datasets, tables, columns, object types; a page at a time.
import type { ControlPlane } from '../bigquery/control-plane.ts'
import type { Page, PageRequest } from '../bigquery/lists.ts'
import type { LookUpItem, LookUpList, LookUpPage, LookUpScope } from '../contract/connection.ts'
import type { OperationDescriptor } from '../contract/descriptor.ts'
import type { TableField } from '../contract/table-schema.ts'
import { fieldTypeOf } from '../encoding/types.ts'
import { ConnectorError } from '../errors.ts'
import { matcherOf, missing, objectTypeOf, tableTypesOf } from './object-types.ts'
import { checkLimit, everyItem, excerptOf } from './pages.ts'
import { parseTableId } from './profiles.ts'

const usualLimit = 100
const maxLimit = 1000

export interface LookUpPorts {
  readonly control: ControlPlane
  readonly projectId: string
  readonly describe: (operationId: string) => OperationDescriptor
}

/** @throws ConnectorError `BQC_CONFIG_INVALID` when the scope lacks what the list depends on. */
export function lookUp(
  list: LookUpList,
  scope: LookUpScope,
  ports: LookUpPorts,
  signal: AbortSignal,
): Promise<LookUpPage> {
  const { search, limit = usualLimit, pageToken } = scope
  checkLimit(limit, maxLimit)
  const matches = matcherOf(search)
  const ask = listOf(list, scope, ports, signal)
  return excerptOf(
    ask,
    ({ label }) => matches(label),
    limit,
    search !== undefined && search !== '',
    pageToken,
  )
}

type Ask = (page: PageRequest) => Promise<Page<LookUpItem>>

function listOf(list: LookUpList, scope: LookUpScope, ports: LookUpPorts, signal: AbortSignal): Ask {
  const { control, projectId, describe } = ports
  switch (list) {
    case 'projects':
      return async (page) =>
        mapped(await control.listProjects(page, signal), (project) => ({
          id: project.projectId,
          label: project.projectId,
          ...(project.name && project.name !== project.projectId ? { help: project.name } : {}),
        }))
    case 'datasets':
      return async (page) =>
        mapped(await control.listDatasets(projectId, page, signal), ({ datasetId, location, name }) => ({
          id: datasetId,
          label: datasetId,
          ...(location ? { kind: location } : {}),
          ...(name ? { help: name } : {}),
        }))
    case 'tables':
      return async (page) => {
        const datasetId = needed(scope, 'datasetId', 'Tables')
        const { items, nextPageToken } = await control.listTables(projectId, datasetId, page, signal)
        const chosen = items.filter(({ type }) => !scope.resourceType || type === scope.resourceType)
        return mapped({ items: chosen, nextPageToken }, (table) => ({
          ...objectTypeOf(datasetId, table),
          id: table.tableId,
        }))
      }
    case 'columns':
      return async () => {
        const { datasetId, tableId } = tableOf(scope)
        const { fields } = await control.getTable(projectId, datasetId, tableId, signal)
        return { items: columnsOf(fields), nextPageToken: undefined }
      }
    case 'object-types':
      return async (page) => {
        const descriptor = describe(needed(scope, 'operationId', 'Object types'))
        const fixed = page.pageToken ? [] : (descriptor.objectTypes.fixed ?? [])
        const types: readonly string[] = tableTypesOf(descriptor, scope.resourceType)
        const { datasetId } = scope
        if (types.length === 0 || (!datasetId && descriptor.objectTypes.fixed !== undefined)) {
          return { items: fixed, nextPageToken: undefined }
        }
        const dataset = needed(scope, 'datasetId', 'Tables')
        const { items, nextPageToken } = await control.listTables(projectId, dataset, page, signal)
        const tables = items.filter(({ type }) => types.includes(type))
        return { items: [...fixed, ...tables.map((table) => objectTypeOf(dataset, table))], nextPageToken }
      }
    case 'locations':
      return async () => ({
        items: await locationsIn(control, projectId, signal),
        nextPageToken: undefined,
      })
    default: {
      const known = 'projects, datasets, tables, columns, object-types, locations'
      const message = `must be one of ${known}`
      throw new ConnectorError('BQC_CONFIG_INVALID', `A look-up ${message}, not ${JSON.stringify(list)}.`, {
        faults: [{ path: '/list', value: list, message }],
      })
    }
  }
}

/** The API has no list of them: the two that everybody has, and those of the project's datasets. */
async function locationsIn(
  control: ControlPlane,
  projectId: string,
  signal: AbortSignal,
): Promise<LookUpItem[]> {
  const locations = new Set(['US', 'EU'])
  for await (const { location } of everyItem((page) => control.listDatasets(projectId, page, signal))) {
    if (location) locations.add(location)
  }
  return [...locations].map((location) => ({ id: location, label: location }))
}

function mapped<From>(page: Page<From>, itemOf: (from: From) => LookUpItem): Page<LookUpItem> {
  return { items: page.items.map(itemOf), nextPageToken: page.nextPageToken }
}

function needed(scope: LookUpScope, name: 'datasetId' | 'operationId', what: string): string {
  const value = scope[name]
  if (value) return value
  throw missing(name, `${what} are listed for one ${name} at a time: give it.`)
}

function tableOf(scope: LookUpScope): { readonly datasetId: string; readonly tableId: string } {
  const { datasetId, tableId, objectTypeId } = scope
  if (datasetId && tableId) return { datasetId, tableId }
  if (objectTypeId) return parseTableId(objectTypeId)
  throw missing(
    'objectTypeId',
    'Columns are those of one table: give objectTypeId, or datasetId and tableId.',
  )
}

/** Nested fields under the names of what they stand in: `items.sku`. */
function columnsOf(fields: readonly TableField[], above = ''): LookUpItem[] {
  return fields.flatMap((field) => {
    const id = `${above}${field.name}`
    const type = fieldTypeOf(field.type)
    const column: LookUpItem = {
      id,
      label: id,
      kind: field.mode === 'REPEATED' ? `ARRAY<${type}>` : type,
      ...(field.description ? { help: field.description } : {}),
    }
    return [column, ...columnsOf(field.fields ?? [], `${id}.`)]
  })
}
