// TRY around one call only: its arguments are computed outside, where their errors still count.
import { type Typed, typed } from '../typing.ts'

const SIMPLE = /^(?:"[^"]*"(?:\."[^"]*")*|'[^']*'|CAST\('?[-\w.]*'? AS [A-Z]+\)|NULL)$/

let held = 0

export function outsideTry(args: readonly Typed[], make: (args: readonly Typed[]) => Typed): Typed {
  const outer: [name: string, sql: string][] = []
  const inner = args.map((arg) => {
    if (SIMPLE.test(arg.sql) || arg.constant !== undefined) return arg
    held = (held + 1) % 1_000_000
    outer.push([`held$${held}`, arg.sql])
    return { ...arg, sql: `held$${held}` }
  })
  const { sql, type } = make(inner)
  return typed(
    outer.reduceRight(
      (body, [name, value]) => `list_transform([${value}], lambda ${name}: ${body})[1]`,
      `TRY(${sql})`,
    ),
    type,
  )
}
