// RANGE: its literal, its bounds, and what holds between two.
import { invalidQuery } from '../../wire/api-error.ts'
import type { Ast } from '../ast.ts'
import { scalarLiteral } from '../parameters.ts'
import type { Scope } from '../scope.ts'
import { BOOL, coerceTo, kindOfType, scalar, type Typed, typed, typeName, unify } from '../typing.ts'
import type { WriteCall, Writer } from '../writer.ts'

export const RANGE_CALLS: Readonly<Record<string, WriteCall>> = {
  RANGE(write, scope, args) {
    const { sqls, type } = unify(
      args.map((arg) => write.typed(arg, scope)),
      'RANGE',
    )
    if (args.length !== 2 || !['DATE', 'DATETIME', 'TIMESTAMP'].includes(kindOfType(type)))
      throw invalidQuery('No matching signature for function RANGE')
    return typed(`bq_range(${sqls.join(', ')})`, {
      name: '',
      type: 'RANGE',
      rangeElementType: { type: kindOfType(type) },
    })
  },
  PARSE_RANGE_DATE: (write, scope, args) => rangeLiteral(write, scope, args, 'DATE'),
  PARSE_RANGE_DATETIME: (write, scope, args) => rangeLiteral(write, scope, args, 'DATETIME'),
  PARSE_RANGE_TIMESTAMP: (write, scope, args) => rangeLiteral(write, scope, args, 'TIMESTAMP'),
  RANGE_START: (write, scope, args) => rangeBound(write, scope, args, 'start'),
  RANGE_END: (write, scope, args) => rangeBound(write, scope, args, 'end'),
  RANGE_CONTAINS: (write, scope, args) => {
    const [range, other] = args.map((arg) => write.typed(arg, scope))
    const element = rangeElement(range)
    if (other === undefined) throw invalidQuery('No matching signature for function RANGE_CONTAINS')
    if (kindOfType(other.type) === 'RANGE') return typed(`bq_range_covers(${range?.sql}, ${other.sql})`, BOOL)
    return typed(`bq_range_contains(${range?.sql}, ${coerceTo(other, element, 'RANGE_CONTAINS')})`, BOOL)
  },
  RANGE_OVERLAPS: (write, scope, args) =>
    rangePair(write, scope, args, (a, b) => typed(`bq_range_overlaps(${a.sql}, ${b.sql})`, BOOL)),
  RANGE_INTERSECT: (write, scope, args) =>
    rangePair(write, scope, args, (a, b) => typed(`bq_range_intersect(${a.sql}, ${b.sql})`, a.type)),
}

/** RANGE<T> '[start, end)', where either bound may be UNBOUNDED. */
function rangeLiteral(write: Writer, scope: Scope, args: readonly Ast[], element: string): Typed {
  const text = write.typed(args[0] ?? {}, scope).text ?? ''
  const [, ...bounds] = /^\s*\[\s*(.*?)\s*,\s*(.*?)\s*\)\s*$/.exec(text) ?? []
  if (bounds.length !== 2) throw invalidQuery(`Invalid RANGE value: ${text}`)
  const [start, end] = bounds.map((bound) =>
    scalarLiteral(element, /^(UNBOUNDED|NULL)$/i.test(bound) ? null : bound),
  )
  return typed(`bq_range(${start}, ${end})`, { name: '', type: 'RANGE', rangeElementType: { type: element } })
}

function rangeElement(range: Typed | undefined): NonNullable<Typed['type']> {
  if (range === undefined || kindOfType(range.type) !== 'RANGE')
    throw invalidQuery(`A RANGE is needed, not ${typeName(range?.type)}`)
  return scalar(range.type?.rangeElementType?.type ?? 'DATE')
}

function rangeBound(write: Writer, scope: Scope, args: readonly Ast[], bound: string): Typed {
  const range = write.typed(args[0] ?? {}, scope)
  return typed(`(${range.sql})."${bound}"`, rangeElement(range))
}

function rangePair(
  write: Writer,
  scope: Scope,
  args: readonly Ast[],
  make: (a: Typed, b: Typed) => Typed,
): Typed {
  const [a, b] = args.map((arg) => write.typed(arg, scope))
  if (a === undefined || b === undefined || rangeElement(a).type !== rangeElement(b).type)
    throw invalidQuery('Both ranges must have the same element type')
  return make(a, b)
}
