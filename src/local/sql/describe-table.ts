// A table or view as the statement that would make it again.
import { isView, type TableEntry, viewQuery } from '../storage/entries.ts'
import { type FieldSchema, findField, isRepeated, isRequired, legacyType } from '../wire/table-schema.ts'
import { describeOptions, describeType } from './describe-schema.ts'
import { type Layout, layoutOf } from './layout.ts'
import { RESERVED } from './reader.ts'
import type { Statement } from './scope.ts'

/** Undefined for what no statement of ours makes: of a snapshot, the table it came from is not kept. */
export function describeTable(statement: Statement, entry: TableEntry): string | undefined {
  if (entry.type === 'SNAPSHOT' || entry.type === 'EXTERNAL') return undefined
  const name = `\`${entry.projectId}.${entry.datasetId}.${entry.tableId}\``
  return `${isView(entry) ? view(statement, entry, name) : table(entry, name)};`
}

function table(entry: TableEntry, name: string): string {
  const { fields } = entry.schema
  const members = fields.map(column)
  const { primaryKey } = (entry.sent['tableConstraints'] ?? {}) as {
    primaryKey?: { columns: readonly string[] }
  }
  if (primaryKey !== undefined)
    members.push(`PRIMARY KEY (${primaryKey.columns.map(identifier).join(', ')}) NOT ENFORCED`)
  return [
    `CREATE TABLE ${name}`,
    ...block('(', members),
    ...layout(entry),
    ...options('OPTIONS(', entry),
  ].join('\n')
}

function view(statement: Statement, entry: TableEntry, name: string): string {
  const query = viewQuery(entry)
  const what = entry.type === 'MATERIALIZED_VIEW' ? 'MATERIALIZED VIEW' : 'VIEW'
  const columns = entry.schema.fields.map((field) => `${identifier(field.name)}${columnOptions(field)}`)
  return [
    `CREATE ${what} ${name}`,
    ...block('(', givesItsNames(statement, entry, query) ? [] : columns),
    ...layout(entry),
    ...options('OPTIONS(', entry),
    `AS ${query}`,
  ].join('\n')
}

let comparing = false

/** Whether the columns are simply those of the query, as they are in most views. */
function givesItsNames(statement: Statement, entry: TableEntry, query: string): boolean {
  // The query may read these descriptions itself.
  if (comparing) return true
  comparing = true
  try {
    const { fields } = statement.query(query)
    return entry.schema.fields.every(
      (field, i) => field.name === fields[i]?.name && field['description'] === undefined,
    )
  } catch {
    // A view whose tables are gone still has a definition.
    return true
  } finally {
    comparing = false
  }
}

function column(field: FieldSchema): string {
  const fallback = field['defaultValueExpression']
  return [
    `${identifier(field.name)} ${type(field)}`,
    fallback === undefined ? '' : ` DEFAULT ${fallback}`,
    isRequired(field) ? ' NOT NULL' : '',
    columnOptions(field),
  ].join('')
}

/** Like `describeType`, with the options of fields inside. */
function type(field: FieldSchema): string {
  if (legacyType(field.type) !== 'RECORD') return describeType(field)
  const struct = `STRUCT<${(field.fields ?? []).map(column).join(', ')}>`
  return isRepeated(field) ? `ARRAY<${struct}>` : struct
}

function columnOptions(field: FieldSchema): string {
  const { description, roundingMode } = field as { description?: string; roundingMode?: string }
  const list = [
    ...(description === undefined ? [] : [`description=${JSON.stringify(description)}`]),
    ...(roundingMode === undefined ? [] : [`rounding_mode=${JSON.stringify(roundingMode)}`]),
  ]
  return list.length === 0 ? '' : ` OPTIONS(${list.join(', ')})`
}

function layout(entry: TableEntry): readonly string[] {
  const { time, range, clusters } = layoutOf(entry)
  const lines: string[] = []
  if (time !== undefined) lines.push(`PARTITION BY ${timeUnit(time, entry.schema.fields)}`)
  if (range !== undefined) {
    const { start, end, interval } = range.range
    const series = `GENERATE_ARRAY(${start}, ${end}, ${interval})`
    lines.push(`PARTITION BY RANGE_BUCKET(${identifier(range.field)}, ${series})`)
  }
  if (clusters.length > 0) lines.push(`CLUSTER BY ${clusters.map(identifier).join(', ')}`)
  return lines
}

function timeUnit({ field, unit }: NonNullable<Layout['time']>, fields: readonly FieldSchema[]): string {
  const found = field === undefined ? undefined : findField(fields, field)
  const name = found === undefined ? '_PARTITIONTIME' : identifier(found.name)
  const kind = found === undefined ? 'TIMESTAMP' : legacyType(found.type)
  if (unit !== 'DAY') return `${kind}_TRUNC(${name}, ${unit})`
  return kind === 'DATE' ? name : `DATE(${name})`
}

function options(opening: string, { sent }: TableEntry): readonly string[] {
  return block(
    opening,
    describeOptions(sent, '').map(([name, , value]) => `${name}=${value}`),
  )
}

function block(opening: string, members: readonly string[]): readonly string[] {
  return members.length === 0 ? [] : [`${opening}\n${members.map((one) => `  ${one}`).join(',\n')}\n)`]
}

function identifier(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) && !RESERVED.has(name.toUpperCase()) ? name : `\`${name}\``
}
