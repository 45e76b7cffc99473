// INFORMATION_SCHEMA.PARTITIONS: counted from the rows, because partitions are not stored apart.
import { isView, type TableEntry } from '../storage/entries.ts'
import { physicalTable } from '../storage/physical-names.ts'
import { PARTITION_TIME } from '../storage/stored-table.ts'
import { quoteName, quoteText } from '../wire/table-schema.ts'
import { at, nameOf } from './information-schema-views.ts'
import { layoutOf } from './layout.ts'

export const PARTITION_COLUMNS =
  'table_catalog STRING, table_schema STRING, table_name STRING, partition_id STRING, total_rows INT64, last_modified_time TIMESTAMP'
const PARTITION_FORMATS: Readonly<Record<string, string>> = {
  HOUR: '%Y%m%d%H',
  DAY: '%Y%m%d',
  MONTH: '%Y%m',
  YEAR: '%Y',
}

/** One row for each partition that holds rows; a table without partitions has one without a name. */
export function partitionsOf(entry: TableEntry): readonly string[] {
  if (isView(entry) || entry.schema.fields.length === 0) return []
  const from = physicalTable(entry.projectId, entry.datasetId, entry.tableId)
  const { time, range } = layoutOf(entry)
  const fixed = [...nameOf(entry).map(quoteText)].join(', ')
  const tail = `count(*), CAST(${quoteText(at(entry.modifiedAt))} AS TIMESTAMPTZ) FROM ${from}`
  if (time !== undefined) {
    const column = quoteName(time.field ?? PARTITION_TIME)
    const format = PARTITION_FORMATS[time.unit] ?? '%Y%m%d'
    return [
      `SELECT ${fixed}, coalesce(strftime(${column}, ${quoteText(format)}), '__NULL__') AS p, ${tail} GROUP BY p`,
    ]
  }
  if (range !== undefined) {
    const { start, end, interval } = range.range
    const column = quoteName(range.field)
    const id =
      `CASE WHEN ${column} IS NULL THEN '__NULL__' WHEN ${column} < ${Number(start)} OR ${column} >= ${Number(end)} THEN '__UNPARTITIONED__' ` +
      `ELSE CAST(${Number(start)} + ((${column} - ${Number(start)}) // ${Number(interval)}) * ${Number(interval)} AS VARCHAR) END`
    return [`SELECT ${fixed}, ${id} AS p, ${tail} GROUP BY p`]
  }
  return [`SELECT ${fixed}, NULL, ${tail}`]
}
