// CREATE VIEW and CREATE MATERIALIZED VIEW. Both are kept as their query and run it each time.
import { invalidQuery } from '../../wire/api-error.ts'
import type { FieldSchema } from '../../wire/table-schema.ts'
import { readOptions } from '../read-type.ts'
import type { Reader } from '../reader.ts'
import { checkDataset, type Statement, tableName } from '../scope.ts'
import type { DdlStatement } from '../statement.ts'
import { checkResult } from '../top-level.ts'
import type { CreateModifiers } from './ddl.ts'
import { settleField, settleOptions } from './options.ts'
import { readPartitioning } from './partitioning.ts'

export function createView(statement: Statement, reader: Reader, how: CreateModifiers): DdlStatement {
  const type = how.materialized ? 'MATERIALIZED_VIEW' : 'VIEW'
  const path = reader.path()
  const columns = reader.sees('(')
    ? reader.list(() => ({ name: reader.name(), type: '', optionTexts: readOptions(reader) }))
    : undefined
  const partitioning = readPartitioning(reader)
  const options = readOptions(reader)
  reader.expect('AS')
  const query = reader.until(';')
  reader.finish()
  return {
    kind: 'ddl',
    statementType: `CREATE_${type}`,
    preview: async () => statement.query(query).fields,
    async run(on) {
      const table = tableName(statement, path)
      checkDataset(statement, table.projectId, table.datasetId)
      const before = on.catalog.findTable(table.projectId, table.datasetId, table.tableId)
      if (before !== undefined && how.ifNotExists) return { operation: 'SKIP', table }
      if (before !== undefined && how.orReplace && before.type !== type)
        throw invalidQuery(
          `Cannot replace a table with a different type: ${table.datasetId}.${table.tableId}`,
        )
      const rows = statement.query(query)
      checkResult(`CREATE ${how.materialized ? 'MATERIALIZED ' : ''}VIEW`, rows, columns !== undefined)
      if (columns !== undefined && columns.length !== rows.fields.length)
        throw invalidQuery(
          'The number of columns in the view does not match the number of columns of its query',
        )
      const fields: FieldSchema[] = []
      for (const [i, field] of rows.fields.entries()) {
        const { name: given, optionTexts = [] } =
          columns?.[i] ?? (field as { name: string; optionTexts?: [] })
        fields.push(
          await settleField(on, { ...field, mode: field.mode ?? 'NULLABLE', name: given, optionTexts }),
        )
      }
      const definition = how.materialized
        ? { materializedView: { query, enableRefresh: true } }
        : { view: { query, useLegacySql: false } }
      const sent = await settleOptions(on, options, 'table', { ...partitioning, ...definition })
      await on.catalog.createTable({ ...table, schema: { fields }, sent, type }, { replace: how.orReplace })
      return { operation: before === undefined ? 'CREATE' : 'REPLACE', table, fields }
    },
  }
}
