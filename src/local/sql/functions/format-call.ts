// FORMAT: each argument goes to the function that formats as its kind and its text.
import { invalidQuery } from '../../wire/api-error.ts'
import { isRepeated, quoteName } from '../../wire/table-schema.ts'
import { type Ast, unsupported } from '../ast.ts'
import { castToType } from '../cast.ts'
import type { Scope } from '../scope.ts'
import { coerceTo, elementOf, isStruct, kindOfType, STRING, type Typed, typed, typeName } from '../typing.ts'
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
  INTERVAL: 'v',
}

/** An array is sent as its kind and the JSON array of its elements as arguments, and so is a struct. */
function formatArgument(value: Typed): string {
  const { sql, type } = value
  if (value.constant === 'null') return 'NULL'
  if (type !== undefined && isRepeated(type)) {
    const each = formatArgument({ sql: 'x$', type: elementOf(type) })
    return `'a:' || CAST(to_json(list_transform(${sql}, lambda x$: ${each})) AS VARCHAR)`
  }
  if (type !== undefined && isStruct(type)) {
    const parts = (type.fields ?? []).map((field) =>
      formatArgument(typed(`(${sql}).${quoteName(field.name)}`, field)),
    )
    return `CASE WHEN (${sql}) IS NOT NULL THEN 'r:' || CAST(to_json(CAST([${parts.join(', ')}] AS VARCHAR[])) AS VARCHAR) END`
  }
  const kind = FORMAT_KINDS[kindOfType(type)]
  if (kind === undefined) throw unsupported(`FORMAT of a value of type ${typeName(type)}`)
  const text =
    kind === 'j'
      ? `CAST(${sql} AS VARCHAR)`
      : kind === 'y'
        ? `hex(${sql})`
        : castToType({ sql, type }, STRING).sql
  return `'${kind}:' || ${text}`
}
