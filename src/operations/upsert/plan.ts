// What one document needs, told before its file is on its way: where the jobs run, the columns, the SQL.
import { keysOf } from '../../browse/key-columns.ts'
import type { UpsertOptions } from '../../contract/options/upsert.ts'
import type { TableField } from '../../contract/table-schema.ts'
import type { OperationContext } from '../open-operation.ts'
import { needsSchema, schemaOf } from './load-job.ts'
import { mergeSql } from './merge-sql.ts'
import { missing, type Places } from './places.ts'
import { checkTable, readTable } from './table.ts'
import { type TableName, withTableNames } from './table-names.ts'

export interface Plan {
  readonly location: string | undefined
  /** Columns of a file that does not tell them itself; undefined where nobody does. */
  readonly fields: readonly TableField[] | undefined
  /** The SQL, once the staging is loaded. @throws ConnectorError where the file does not fit the target. */
  sql(): Promise<string>
}

type PlanContext = Pick<OperationContext, 'control' | 'location'>

/** @throws ConnectorError when an option is missing or wrong, or a table is not there. */
export async function planOf(
  { control, location }: PlanContext,
  options: UpsertOptions,
  { projectId, datasetId, target }: Places,
  staging: TableName,
  signal: AbortSignal,
): Promise<Plan> {
  const { sqlCommand, useLegacySql, locationId } = options
  const given = schemaOf(options)
  const describe = (table: TableName) => readTable(control, table, signal)
  const place = async (known: string | null | undefined) =>
    locationId || known || (await control.getLocation(projectId, datasetId, signal)) || location

  if (sqlCommand.trim() !== '') {
    const sql = withTableNames(sqlCommand, staging, target, useLegacySql)
    const described =
      target && given === undefined && needsSchema(options) ? await describe(target) : undefined
    const fields = given ?? described?.fields
    return { location: await place(described?.location), fields, sql: async () => sql }
  }
  if (target === undefined) throw missing('targetTableForQuery', 'nothing else names a table')
  const described = await describe(target)
  const keyColumns = keysOf(options.keyColumns, described)
  checkTable(described, keyColumns, options)
  return {
    location: await place(described.location),
    fields: given ?? described.fields,
    sql: async () => {
      return mergeSql({ ...options, target: described, staging: await describe(staging), keyColumns })
    },
  }
}
