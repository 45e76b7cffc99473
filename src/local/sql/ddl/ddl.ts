// Statements that change the catalog, told apart by their first words.
import { ApiError } from '../../wire/api-error.ts'
import { unsupported } from '../ast.ts'
import { createReader, type Reader } from '../reader.ts'
import type { Statement } from '../scope.ts'
import type { DdlStatement } from '../statement.ts'
import { alterTable } from './alter.ts'
import { alterSchema, alterView } from './alter-options.ts'
import { createTable } from './create-table.ts'
import { createView } from './create-view.ts'
import { drop } from './drop.ts'
import { createFunction, createProcedure, createTableFunction } from './routines.ts'
import { createSchema } from './schemas.ts'

export interface CreateModifiers {
  readonly orReplace: boolean
  readonly ifNotExists: boolean
  readonly temporary: boolean
  readonly snapshot: boolean
  readonly materialized: boolean
}

export function ddl(statement: Statement, sql: string): DdlStatement {
  const reader = createReader(sql)
  if (reader.takes('CREATE')) return create(statement, reader)
  if (reader.takes('DROP')) return drop(statement, reader)
  reader.expect('ALTER')
  if (reader.takes('TABLE')) return alterTable(statement, reader)
  if (reader.takes('SCHEMA')) return alterSchema(statement, reader)
  if (reader.takes('VIEW')) return alterView(statement, reader, 'VIEW')
  if (reader.takes('MATERIALIZED', 'VIEW')) return alterView(statement, reader, 'MATERIALIZED_VIEW')
  throw unsupported(`ALTER ${reader.peek().upper}`)
}

function create(statement: Statement, reader: Reader): DdlStatement {
  const orReplace = reader.takes('OR', 'REPLACE')
  const temporary = reader.takes('TEMP') || reader.takes('TEMPORARY')
  const snapshot = reader.takes('SNAPSHOT')
  const materialized = reader.takes('MATERIALIZED')
  if (reader.sees('RECURSIVE')) throw unsupported('recursive views')
  const words = [reader.next().upper]
  if (words[0] === 'TABLE' && reader.takes('FUNCTION')) words.push('FUNCTION')
  const what = words.join(' ')
  const ifNotExists = reader.takes('IF', 'NOT', 'EXISTS')
  const how = { orReplace, ifNotExists, temporary, snapshot, materialized }
  switch (what) {
    case 'TABLE':
      return createTable(statement, reader, how)
    case 'VIEW':
      return createView(statement, reader, how)
    case 'SCHEMA':
    case 'DATASET':
      return createSchema(statement, reader, how)
    case 'FUNCTION':
      return createFunction(statement, reader, how)
    case 'TABLE FUNCTION':
      return createTableFunction(statement, reader, how)
    case 'PROCEDURE':
      return createProcedure(statement, reader, how)
    case 'ROW':
      throw new ApiError(400, 'invalidQuery', 'Row access policies are not supported by the local BigQuery', {
        location: 'query',
      })
    case '':
      throw reader.failAt(reader.peek())
    default:
      throw unsupported(`CREATE ${what}`)
  }
}
