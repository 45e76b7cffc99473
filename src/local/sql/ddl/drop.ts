// DROP of tables, views, schemas and routines.
import { invalidQuery, notFound } from '../../wire/api-error.ts'
import { unsupported } from '../ast.ts'
import type { Reader } from '../reader.ts'
import { checkDataset, type Statement, tableName } from '../scope.ts'
import type { DdlStatement } from '../statement.ts'
import { routineName } from '../user-functions.ts'
import { datasetPath } from './schemas.ts'

const TABLES: Readonly<Record<string, readonly string[]>> = {
  TABLE: ['TABLE', 'SNAPSHOT'],
  'SNAPSHOT TABLE': ['SNAPSHOT'],
  'EXTERNAL TABLE': ['EXTERNAL'],
  VIEW: ['VIEW'],
  'MATERIALIZED VIEW': ['MATERIALIZED_VIEW'],
}
const ROUTINES = ['FUNCTION', 'TABLE FUNCTION', 'PROCEDURE', 'AGGREGATE FUNCTION']

export function drop(statement: Statement, reader: Reader): DdlStatement {
  const first = reader.next().upper
  const second = ['TABLE', 'VIEW', 'FUNCTION'].find((word) => reader.takes(word))
  const what = second === undefined ? first : `${first} ${second}`
  const types = TABLES[what]
  if (types === undefined && what !== 'SCHEMA' && !ROUTINES.includes(what))
    throw first === '' ? reader.failAt(reader.peek()) : unsupported(`DROP ${what}`)
  const ifExists = reader.takes('IF', 'EXISTS')
  const path = reader.path()
  const cascade = reader.takes('CASCADE')
  reader.takes('RESTRICT')
  reader.finish()
  const statementType = `DROP_${what.replace(' ', '_')}`
  if (types !== undefined)
    return { kind: 'ddl', statementType, run: (on) => dropTable(on, path, types, what) }
  if (what === 'SCHEMA') {
    const dataset = datasetPath(statement, path)
    return {
      kind: 'ddl',
      statementType,
      async run({ catalog }) {
        const exists = catalog.findDataset(dataset.projectId, dataset.datasetId) !== undefined
        if (!exists && ifExists) return { operation: 'SKIP', dataset }
        await catalog.deleteDataset(dataset.projectId, dataset.datasetId, cascade)
        return { operation: 'DROP', dataset }
      },
    }
  }
  return {
    kind: 'ddl',
    statementType,
    async run({ catalog, functions }) {
      if (path.length === 1 && functions.delete(path[0]?.toLowerCase() ?? '')) return { operation: 'DROP' }
      const routine = routineName(statement, path)
      if (catalog.routines.find(routine) === undefined && ifExists) return { operation: 'SKIP', routine }
      await catalog.routines.delete(routine)
      return { operation: 'DROP', routine }
    },
  }

  async function dropTable(
    { catalog, tables, execute, inTransaction }: Parameters<DdlStatement['run']>[0],
    path: readonly string[],
    types: readonly string[],
    what: string,
  ): ReturnType<DdlStatement['run']> {
    const own = path[0]?.toUpperCase() === '_SESSION' ? path.slice(1) : path
    const key = own.length === 1 ? (own[0]?.toLowerCase() ?? '') : ''
    const temporary = tables.get(key)
    if (temporary !== undefined) {
      await execute(`DROP TABLE ${temporary.sql}`)
      tables.delete(key)
      return { operation: 'DROP' }
    }
    if (inTransaction)
      throw invalidQuery('DROP of a table that is not temporary is not supported in a transaction')
    const table = tableName(statement, path)
    const { projectId, datasetId, tableId } = table
    const entry = catalog.findTable(projectId, datasetId, tableId)
    if (entry === undefined && ifExists) return { operation: 'SKIP', table }
    checkDataset(statement, projectId, datasetId)
    if (entry === undefined) throw notFound(`Table ${projectId}:${datasetId}.${tableId}`)
    const type = entry.type ?? 'TABLE'
    if (!types.includes(type))
      throw invalidQuery(
        `${projectId}:${datasetId}.${tableId} is a ${type} and cannot be dropped by DROP ${what}`,
      )
    await catalog.deleteTable(projectId, datasetId, tableId)
    return { operation: 'DROP', table }
  }
}
