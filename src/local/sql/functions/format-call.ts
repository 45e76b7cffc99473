// FORMAT: each argument goes to the function that formats as its kind and its text.
import { invalidQuery } from '../../wire/api-error.ts'
import { type Ast, unsupported } from '../ast.ts'
import { castToType } from '../cast.ts'
import type { Scope } from '../scope.ts'
import { coerceTo, kindOfType, STRING, type Typed, typed, typeName } from '../typing.ts'
import type { Writer } from '../writer.ts'

export function format(write: Writer, scope: Scope, args: readonly Ast[]): Typed {
  const [format, ...values] = args.map((arg) => write.typed(arg, scope))
  if (format === undefined) throw invalidQuery('No matching signature for function FORMAT')
  const list = values.map(formatArgument)
  return typed(
    `js_format(${coerceTo(format, STRING, 'FORMAT')}, CAST([${list.join(', ')}] AS VARCHAR[]))`,
    STRING,
  )
}

const FORMAT_KINDS: Readonly<Record<string, string>> = {
  INTEGER: 'i',
  FLOAT: 'f',
  NUMERIC: 'n',
  BIGNUMERIC: 'g',
  STRING: 's',
  BYTES: 'y',
  BOOLEAN: 'b',
  DATE: 'd',
  TIME: 't',
  DATETIME: 'c',
  TIMESTAMP: 'z',
  JSON: 'j',
}

function formatArgument(value: Typed): string {
  if (value.constant === 'null') return 'NULL'
  const kind = FORMAT_KINDS[kindOfType(value.type)]
  if (kind === undefined) throw unsupported(`FORMAT of a value of type ${typeName(value.type)}`)
  const text =
    kind === 'j'
      ? `CAST(${value.sql} AS VARCHAR)`
      : kind === 'y'
        ? `hex(${value.sql})`
        : castToType({ sql: value.sql, type: value.type }, STRING).sql
  return `'${kind}:' || ${text}`
}
