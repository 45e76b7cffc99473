// Functions that DuckDB calls in JavaScript, for what its own cannot express.
import type { DuckDBType, DuckDBValue } from '@duckdb/node-api'
import type { Connection } from '../../storage/engine.ts'
import { INTERVAL_FUNCTIONS } from './interval-functions.ts'
import { JSON_FUNCTIONS } from './json-functions.ts'
import { NUMBER_FUNCTIONS } from './number-functions.ts'
import { TEXT_FUNCTIONS } from './text-functions.ts'
import { TIME_FUNCTIONS } from './time-functions.ts'

type TypeName = 'VARCHAR' | 'BIGINT' | 'DOUBLE' | 'BOOLEAN' | 'BLOB' | 'INTERVAL' | 'VARCHAR[]' | 'BIGINT[]'

/** Name, parameter types, result type, and the function. NULL in gives NULL out, except inside lists. */
// biome-ignore lint/suspicious/noExplicitAny: each function takes what its parameter types say
export type Native = readonly [string, readonly TypeName[], TypeName, (...args: any[]) => unknown]

const FAIL: Native = [
  'js_fail',
  ['VARCHAR'],
  'VARCHAR',
  (message: string) => {
    throw new Error(message)
  },
]

export async function registerNatives(connection: Connection): Promise<void> {
  const duckdb = await import('@duckdb/node-api')
  const types: Readonly<Record<TypeName, DuckDBType>> = {
    VARCHAR: duckdb.VARCHAR,
    BIGINT: duckdb.BIGINT,
    DOUBLE: duckdb.DOUBLE,
    BOOLEAN: duckdb.BOOLEAN,
    BLOB: duckdb.BLOB,
    INTERVAL: duckdb.INTERVAL,
    'VARCHAR[]': duckdb.LIST(duckdb.VARCHAR),
    'BIGINT[]': duckdb.LIST(duckdb.BIGINT),
  }
  for (const [name, parameters, result, run] of [
    FAIL,
    ...NUMBER_FUNCTIONS,
    ...TEXT_FUNCTIONS,
    ...TIME_FUNCTIONS,
    ...INTERVAL_FUNCTIONS,
    ...JSON_FUNCTIONS,
  ])
    connection.registerScalarFunction(
      duckdb.DuckDBScalarFunction.create({
        name,
        parameterTypes: parameters.map((parameter) => types[parameter]),
        returnType: types[result],
        specialHandling: true,
        mainFunction(_info, chunk, output) {
          const columns = parameters.map((_parameter, i) => chunk.getColumnVector(i))
          for (let row = 0; row < chunk.rowCount; row++) {
            const args = columns.map((column) => fromDuckDB(column.getItem(row)))
            output.setItem(row, args.includes(null) ? null : toDuckDB(run(...args), result))
          }
          output.flush()
        },
      }),
    )

  function toDuckDB(value: unknown, type: TypeName): DuckDBValue {
    if (value === null || value === undefined) return null
    if (type.endsWith('[]')) return duckdb.listValue(value as DuckDBValue[])
    if (type === 'BLOB') return new duckdb.DuckDBBlobValue(value as Uint8Array)
    return value as DuckDBValue
  }
}

function fromDuckDB(value: DuckDBValue): unknown {
  if (value === null || typeof value !== 'object') return value
  if ('items' in value) return value.items
  return 'bytes' in value ? value.bytes : value
}
