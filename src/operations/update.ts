// Update: each document changes one table or view, from the state that it was looked at in.
import type { TableResource } from '../bigquery/tables.ts'
import type { JsonObject } from '../contract/document.ts'
import type { TableField } from '../contract/table-schema.ts'
import { evolutionFaults } from '../encoding/schema-evolution.ts'
import { asConnectorError, ConnectorError } from '../errors.ts'
import { eachDocument } from './each-document.ts'
import { namedByDocument } from './named-by-document.ts'
import type { OpenOperation, OperationContext } from './open-operation.ts'
import { changesBetween, patched, type TableChange } from './table-changes.ts'
import { tableOf, type UpdatedTable } from './updated-table.ts'

/** What a preview gives as payload. */
interface Preview {
  readonly tableReference: TableResource['tableReference']
  /** The state that was compared; as `etag` of the next document it makes sure that nothing else changes. */
  readonly etag: string
  readonly changes: readonly TableChange[]
}

/** How often a change is made anew because others changed the table between look and change. */
const mostLooks = 5

export const openUpdate: OpenOperation<'update'> = (context, options) => {
  return (documents, execute = {}) =>
    eachDocument(documents, execute, context, 'one', async function* (data, signal, { document }) {
      const table = tableOf(data, document.properties ?? {}, options, context.projectId)
      const answer: Promise<unknown> = options.preview
        ? preview(context, table, data, options.update, signal)
        : update(context, table, data, options.update, signal)
      yield { payloads: [await (options.objectType === 'DYNAMIC' ? namedByDocument(answer) : answer)] }
    })
}

async function preview(
  { control }: OperationContext,
  { projectId, datasetId, tableId }: UpdatedTable,
  data: JsonObject,
  isWhole: boolean,
  signal: AbortSignal | undefined,
): Promise<Preview> {
  const before = await control.getTableResource(projectId, datasetId, tableId, signal)
  const { sent, etag } = changeOf(data, before, isWhole)
  if (etag !== undefined && etag !== before.etag) throw changedMeanwhile(before)
  checkColumns(before, sent)
  // What a view's columns will be, only BigQuery can tell.
  const after = isWhole
    ? { ...sent, schema: sent.schema ?? before.schema }
    : patched(before as JsonObject, sent as JsonObject)
  return {
    tableReference: before.tableReference,
    etag: before.etag ?? '',
    changes: changesBetween(before as JsonObject, after as JsonObject),
  }
}

/** Looks at the table, checks, and changes it only if it is still as it was looked at. */
async function update(
  { control }: OperationContext,
  { projectId, datasetId, tableId }: UpdatedTable,
  data: JsonObject,
  isWhole: boolean,
  signal: AbortSignal | undefined,
): Promise<TableResource> {
  for (let look = 1; ; look += 1) {
    const before = await control.getTableResource(projectId, datasetId, tableId, signal)
    const { sent, etag } = changeOf(data, before, isWhole)
    checkColumns(before, sent)
    const change = { sent, isWhole, etag: etag ?? before.etag ?? undefined }
    try {
      return await control.updateTable(projectId, datasetId, tableId, change, signal)
    } catch (thrown) {
      if (asConnectorError(thrown).code !== 'BQC_CHANGED_MEANWHILE') throw thrown
      if (etag === undefined && look < mostLooks) continue
      // An earlier try may have done it, and its answer got lost.
      const now = await control.getTableResource(projectId, datasetId, tableId, signal)
      const wanted = isWhole ? sent : patched(now as JsonObject, sent as JsonObject)
      if (changesBetween(now as JsonObject, wanted as JsonObject).length === 0) return now
      throw thrown
    }
  }
}

/** What is sent: the document without what addresses it, completed by what BigQuery would otherwise assume. */
function changeOf(
  data: JsonObject,
  before: TableResource,
  isWhole: boolean,
): { readonly sent: TableResource; readonly etag: string | undefined } {
  const { etag, ...wanted } = data as TableResource
  const sent: TableResource = { ...wanted, tableReference: before.tableReference ?? {} }
  // Where a view does not say, it has legacy SQL, in what the API tells as in what it takes: each keeps its own.
  if (sent.view) sent.view = { useLegacySql: before.view?.useLegacySql ?? true, ...sent.view }
  // An update cannot take columns away, so leaving them out can only mean to leave them alone.
  if (isWhole && sent.schema === undefined && before.schema && !before.view) sent.schema = before.schema
  return { sent, etag: etag || undefined }
}

/** @throws ConnectorError `BQC_DOCUMENT_INVALID` with every column that would be refused, and why. */
function checkColumns(before: TableResource, { schema }: TableResource): void {
  if (schema === undefined || before.type !== 'TABLE') return
  const known = (before.schema?.fields ?? []) as readonly TableField[]
  const faults = evolutionFaults(known, schema?.fields)
  if (faults.length === 0) return
  const { projectId, datasetId, tableId } = before.tableReference ?? {}
  const lines = faults.map(({ path, message }) => `${path} ${message}`)
  throw new ConnectorError(
    'BQC_DOCUMENT_INVALID',
    `The columns of ${projectId}.${datasetId}.${tableId} cannot be changed so: ${lines.join('; ')}.`,
    { faults },
  )
}

function changedMeanwhile({ tableReference, etag }: TableResource): ConnectorError {
  const { projectId, datasetId, tableId } = tableReference ?? {}
  return new ConnectorError(
    'BQC_CHANGED_MEANWHILE',
    `Table ${projectId}.${datasetId}.${tableId} is not as the document's etag says: it is ${etag} now. Read it again.`,
    { httpStatus: 412 },
  )
}
