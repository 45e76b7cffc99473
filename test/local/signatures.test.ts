import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { FUNCTIONS } from '../../src/local/sql/functions/templates.ts'
import { installMacros } from '../../src/local/sql/macros.ts'
import { OPERATORS } from '../../src/local/sql/operators.ts'
import { applySignature } from '../../src/local/sql/signatures.ts'
import { arrayOf, INT64, scalar, type Type, typed } from '../../src/local/sql/typing.ts'
import { duckdbType } from '../../src/local/wire/table-schema.ts'

test('every signature is SQL that DuckDB accepts, with the type it promises', async () => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await installMacros(connection)
  const faults: string[] = []
  for (const [name, overloads] of [...FUNCTIONS, ...OPERATORS])
    for (const signature of overloads) {
      if (signature.template === 'UNSUPPORTED' || name === 'ERROR') continue
      const types = signature.parameters.map((one): Type => {
        const element = /^[A-Z]$/.test(one.name) ? INT64 : scalar(one.name)
        return one.array ? arrayOf(element) : element
      })
      const columns = types.map((type, i) => `c${i} ${duckdbType(type)}`)
      await connection.run(`CREATE OR REPLACE TABLE given (${['z INTEGER', ...columns].join(', ')})`)
      const args = types.map((type, i) => typed(`c${i}`, type))
      const { sql, type } = applySignature(name, [signature], args)
      const label = `${name}(${signature.parameters.map((one) => one.name).join(', ')})`
      try {
        const prepared = await connection.prepare(`SELECT ${sql} FROM given`)
        const wanted = type === undefined ? '' : duckdbType(type)
        const reader = await connection.prepare(`SELECT CAST(NULL AS ${wanted})`)
        const [got, promised] = [prepared, reader].map((one) => String(one.columnType(0)))
        if (got !== promised) faults.push(`${label}: ${got} instead of ${promised}`)
      } catch (error) {
        faults.push(`${label}: ${(error as Error).message.split('\n')[0]}`)
      }
    }
  connection.closeSync()
  instance.closeSync()
  expect(faults).toEqual([])
})
