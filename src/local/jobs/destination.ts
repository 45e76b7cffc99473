// Writes the rows of a query to its destination table, as its dispositions say.
import { layoutOf } from '../sql/layout.ts'
import { checkDataset, type Statement, type TableName } from '../sql/scope.ts'
import type { Catalog, TableEntry } from '../storage/catalog.ts'
import type { Connection } from '../storage/engine.ts'
import { isView } from '../storage/entries.ts'
import { physicalTable } from '../storage/physical-names.ts'
import { alreadyExists, invalid, notFound } from '../wire/api-error.ts'
import {
  addedColumn,
  duckdbType,
  type FieldSchema,
  findField,
  isRepeated,
  isRequired,
  legacyType,
  quoteName,
} from '../wire/table-schema.ts'
import type { QueryConfiguration } from './job.ts'

/** Fields of a query's configuration that a new table takes over. */
const TAKEN_OVER = [
  'timePartitioning',
  'rangePartitioning',
  'clustering',
  'destinationEncryptionConfiguration',
]

export async function writeDestination(
  connection: Connection,
  catalog: Catalog,
  statement: Statement,
  query: QueryConfiguration,
  fields: readonly FieldSchema[],
  rows: { readonly table: string; readonly count: number; readonly names: readonly string[] },
): Promise<{ readonly sql: string; readonly fields: readonly FieldSchema[] }> {
  const sent = query['destinationTable'] as { projectId?: string; datasetId: string; tableId: string }
  const target = {
    projectId: sent.projectId ?? statement.projectId,
    datasetId: sent.datasetId,
    tableId: sent.tableId.replace(/\$\w+$/, ''),
  }
  if (target.tableId !== sent.tableId)
    throw invalid('Unsupported by the local BigQuery: a partition as destination table')
  const name = `Table ${target.projectId}:${target.datasetId}.${target.tableId}`
  const how = String(query['writeDisposition'] || 'WRITE_EMPTY')
  const updates = (query['schemaUpdateOptions'] ?? []) as readonly string[]
  if (updates.length > 0 && how !== 'WRITE_APPEND')
    throw invalid(
      'Schema update options should only be specified with WRITE_APPEND disposition, or with WRITE_TRUNCATE disposition on a table partition.',
    )
  checkDataset(statement, target.projectId, target.datasetId)
  const existing = catalog.findTable(target.projectId, target.datasetId, target.tableId)
  if (existing === undefined && query['createDisposition'] === 'CREATE_NEVER') throw notFound(name)
  if (existing !== undefined && isView(existing))
    throw invalid(`${name} is a view and cannot be a destination`)
  const given = Object.fromEntries(
    TAKEN_OVER.filter((key) => query[key] !== undefined).map((key) => [key, query[key]]),
  )
  checkFields(given, fields)
  const fill = `SELECT ${rows.names.map(quoteName).join(', ')} FROM ${rows.table}`
  if (existing === undefined || how === 'WRITE_TRUNCATE' || how === 'WRITE_TRUNCATE_DATA') {
    const schema = {
      fields: how === 'WRITE_TRUNCATE_DATA' && existing ? existing.schema.fields : relaxed(fields),
    }
    await catalog.createTable(
      { ...target, schema, sent: { ...existing?.sent, ...given } },
      { replace: existing !== undefined, fill },
    )
    return whole(schema.fields, target)
  }
  if (how === 'WRITE_EMPTY') {
    const counted = await connection.runAndReadAll(
      `SELECT count(*) FROM ${physicalTable(target.projectId, target.datasetId, target.tableId)}`,
    )
    if (Number(counted.getRows()[0]?.[0] ?? 0) > 0) throw alreadyExists(name)
  }
  await append(connection, catalog, existing, fields, rows, updates)
  return whole(catalog.table(target.projectId, target.datasetId, target.tableId).schema.fields, target)
}

function whole(
  fields: readonly FieldSchema[],
  table: TableName,
): { sql: string; fields: readonly FieldSchema[] } {
  const names = fields.map((field) => quoteName(field.name)).join(', ')
  return {
    sql: `SELECT ${names} FROM ${physicalTable(table.projectId, table.datasetId, table.tableId)}`,
    fields,
  }
}

/** Rows of a query may be null, whatever the columns they came from allow. */
function relaxed(fields: readonly FieldSchema[]): readonly FieldSchema[] {
  return fields.map((field) => (isRepeated(field) ? field : { ...field, mode: 'NULLABLE' }))
}

function checkFields(given: Readonly<Record<string, unknown>>, fields: readonly FieldSchema[]): void {
  const { clusters, partitionField } = layoutOf({ sent: given })
  if (partitionField !== undefined && findField(fields, partitionField) === undefined)
    throw invalid('The field specified for partitioning cannot be found in the schema.')
  for (const field of clusters)
    if (findField(fields, field) === undefined)
      throw invalid(
        `The field specified for clustering cannot be found in the schema. Invalid field: ${field}.`,
      )
}

async function append(
  connection: Connection,
  catalog: Catalog,
  table: TableEntry,
  fields: readonly FieldSchema[],
  rows: { readonly table: string; readonly names: readonly string[] },
  updates: readonly string[],
): Promise<void> {
  const target = physicalTable(table.projectId, table.datasetId, table.tableId)
  const added: FieldSchema[] = []
  const names = fields.map((field) => {
    const own = findField(table.schema.fields, field.name)
    if (own === undefined) {
      if (!updates.includes('ALLOW_FIELD_ADDITION'))
        throw invalid(`Invalid schema update. Cannot add fields (field: ${field.name})`)
      added.push(...relaxed([field]))
    } else if (duckdbType(own) !== duckdbType(field) || isRepeated(own) !== isRepeated(field))
      throw invalid(
        `Invalid schema update. Field ${field.name} has changed type from ${legacyType(own.type)} to ${legacyType(field.type)}`,
      )
    return quoteName(own?.name ?? field.name)
  })
  const missing = table.schema.fields.find(
    (own) => isRequired(own) && findField(fields, own.name) === undefined,
  )
  const relaxes = updates.includes('ALLOW_FIELD_RELAXATION')
  if (missing !== undefined && !relaxes)
    throw invalid(`Required field ${missing.name} is missing in the query's result`)
  const dropped = relaxes ? table.schema.fields.filter(isRequired) : []
  if (added.length > 0 || dropped.length > 0) {
    const kept = table.schema.fields.map((field) =>
      dropped.includes(field) ? { ...field, mode: 'NULLABLE' } : field,
    )
    await catalog.changeTable({ ...table, schema: { ...table.schema, fields: [...kept, ...added] } }, [
      ...added.map((field) => `ALTER TABLE ${target} ADD COLUMN ${addedColumn(field)}`),
      ...dropped.map((field) => `ALTER TABLE ${target} ALTER COLUMN ${quoteName(field.name)} DROP NOT NULL`),
    ])
  }
  await connection.run(
    `INSERT INTO ${target} (${names.join(', ')}) SELECT ${rows.names.map(quoteName).join(', ')} FROM ${rows.table}`,
  )
}
