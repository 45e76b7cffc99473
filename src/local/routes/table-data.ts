// tabledata: insertAll and list.
import { pageRequest, pageToken, readPage } from '../jobs/query-results.ts'
import { isView } from '../storage/entries.ts'
import { physicalTable } from '../storage/physical-names.ts'
import { type InsertAllRequest, insertAll } from '../streaming/insert-all.ts'
import { invalid } from '../wire/api-error.ts'
import { jsonBody, part, type Route, route } from './route.ts'
import { findTable } from './tables.ts'

export const tableDataRoutes: readonly Route[] = [
  route('POST', 'projects/:project/datasets/:dataset/tables/:table/insertAll', (request) => {
    // A partition decorator (table$20260301) names the same table here.
    const path = { ...request.path, table: part(request, 'table').replace(/\$\w+$/, '') }
    const table = findTable({ ...request, path })
    if (table.type !== undefined && table.type !== 'TABLE')
      throw invalid(`Cannot add rows to a table of type ${table.type}.`)
    const { rows, faults } = request.services
    return insertAll(rows, faults.asStreamed(table), jsonBody(request) as InsertAllRequest)
  }),
  route('GET', 'projects/:project/datasets/:dataset/tables/:table/data', async (request) => {
    const table = findTable(request)
    if (isView(table)) throw invalid(`Cannot list a table of type ${table.type}.`)
    const fields = selectedFields(table.schema.fields, request.query.get('selectedFields'))
    const asked = pageRequest(request.query)
    const name = physicalTable(table.projectId, table.datasetId, table.tableId)
    const { reading } = request.services
    const counted = await reading.use((connection) =>
      connection.runAndReadAll(`SELECT count(*) FROM ${name}`),
    )
    const total = Number(counted.getRows()[0]?.[0] ?? 0)
    const columns = fields.map((field) => field.name)
    const { rows, next } =
      columns.length === 0 ? { rows: [], next: total } : await readPage(reading, name, fields, asked, columns)
    return {
      kind: 'bigquery#tableDataList',
      etag: table.etag,
      totalRows: String(total),
      ...(next < total ? { pageToken: pageToken(next) } : {}),
      ...(rows.length > 0 ? { rows } : {}),
    }
  }),
]

function selectedFields<T extends { readonly name: string }>(
  fields: readonly T[],
  selected: string | null,
): readonly T[] {
  if (selected === null || selected === '') return fields
  const wanted = selected.split(',').map((name) => name.trim().toLowerCase())
  for (const name of wanted)
    if (!fields.some((field) => field.name.toLowerCase() === name))
      throw invalid(`Invalid selected field: ${name}`)
  return fields.filter((field) => wanted.includes(field.name.toLowerCase()))
}
