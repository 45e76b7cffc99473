// What a result must be like: every column with a name of its own, and no NULL in an array.
import { invalidQuery } from '../wire/api-error.ts'
import { type FieldSchema, isRepeated, quoteName } from '../wire/table-schema.ts'
import type { Rows } from './writer.ts'

/** For a result that is kept as a table or view; `named` where the names are given elsewhere. */
export function checkResult(what: string, rows: Pick<Rows, 'fields' | 'unnamed'>, named: boolean): void {
  const [first] = rows.unnamed ?? []
  if (first !== undefined && !named)
    throw invalidQuery(`${what} columns must be named, but column ${first + 1} has no name`)
  const seen = new Set<string>()
  for (const { name } of rows.fields) {
    if (seen.has(name.toLowerCase()))
      throw invalidQuery(
        `Duplicate column names in the result are not supported. Found duplicate(s): ${name}`,
      )
    seen.add(name.toLowerCase())
  }
}

/** For a result that is only shown: later columns of the same name are numbered. */
export function withDistinctNames(fields: readonly FieldSchema[]): readonly FieldSchema[] {
  const taken = new Set(fields.map(({ name }) => name.toLowerCase()))
  const seen = new Set<string>()
  return fields.map((field) => {
    let { name } = field
    for (
      let i = 1;
      seen.has(name.toLowerCase()) || (name !== field.name && taken.has(name.toLowerCase()));
      i++
    )
      name = `${field.name}_${i}`
    seen.add(name.toLowerCase())
    return { ...field, name }
  })
}

/** A query that finds a row when one of the arrays, however deep, holds NULL; undefined when there is no array. */
export function nullElements(
  table: string,
  fields: readonly FieldSchema[],
  names: readonly string[],
): string | undefined {
  const tests = fields
    .map((field, i) => hasNull(quoteName(names[i] ?? field.name), field))
    .filter((test) => test !== '')
  return tests.length === 0 ? undefined : `SELECT 1 FROM ${table} WHERE ${tests.join(' OR ')} LIMIT 1`
}

function hasNull(sql: string, field: FieldSchema): string {
  const inner = (value: string): string =>
    (field.fields ?? [])
      .map((one) => hasNull(`(${value}).${quoteName(one.name)}`, one))
      .filter((test) => test !== '')
      .join(' OR ')
  if (!isRepeated(field)) return inner(sql)
  const each = inner('e$')
  return `list_count(${sql}) < len(${sql})${each === '' ? '' : ` OR len(list_filter(${sql}, lambda e$: ${each})) > 0`}`
}
