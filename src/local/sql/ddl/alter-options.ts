// ALTER VIEW and ALTER SCHEMA, which change options only.
import { invalidQuery, notFound } from '../../wire/api-error.ts'
import type { Reader } from '../reader.ts'
import { checkDataset, findStored, type Statement, tableName } from '../scope.ts'
import type { DdlStatement } from '../statement.ts'
import { readOptionsOnly } from './alter.ts'
import { settleOptions } from './options.ts'
import { datasetPath } from './schemas.ts'

export function alterView(
  statement: Statement,
  reader: Reader,
  type: 'VIEW' | 'MATERIALIZED_VIEW',
): DdlStatement {
  const ifExists = reader.takes('IF', 'EXISTS')
  const path = reader.path()
  reader.expect('SET')
  const options = readOptionsOnly(reader)
  reader.finish()
  return {
    kind: 'ddl',
    statementType: `ALTER_${type}`,
    async run(on) {
      const table = tableName(statement, path)
      if (ifExists && on.catalog.findTable(table.projectId, table.datasetId, table.tableId) === undefined)
        return { operation: 'SKIP', table }
      const { entry } = findStored(statement, path)
      if (entry.type !== type) throw invalidQuery(`${table.datasetId}.${table.tableId} is not a ${type}`)
      await on.catalog.changeTable({ ...entry, sent: await settleOptions(on, options, 'table', entry.sent) })
      return { operation: 'ALTER', table }
    },
  }
}

export function alterSchema(statement: Statement, reader: Reader): DdlStatement {
  const ifExists = reader.takes('IF', 'EXISTS')
  const dataset = datasetPath(statement, reader.path())
  reader.expect('SET')
  const options = readOptionsOnly(reader)
  reader.finish()
  return {
    kind: 'ddl',
    statementType: 'ALTER_SCHEMA',
    async run(on) {
      const entry = on.catalog.findDataset(dataset.projectId, dataset.datasetId)
      if (entry === undefined && ifExists) return { operation: 'SKIP', dataset }
      if (entry === undefined) throw notFound(`Dataset ${dataset.projectId}:${dataset.datasetId}`)
      checkDataset(statement, dataset.projectId, dataset.datasetId)
      const { location: _location, ...sent } = await settleOptions(on, options, 'dataset', entry.sent)
      await on.catalog.changeDataset({ ...entry, sent })
      return { operation: 'ALTER', dataset }
    },
  }
}
