// What BigQuery lets an update change in a table's columns, so that a refusal comes with its reason.
// https://cloud.google.com/bigquery/docs/managing-table-schemas
import type { TableField } from '../contract/table-schema.ts'
import type { Fault } from '../errors.ts'
import { type FieldType, fieldTypeOf } from './types.ts'

// Only statements widen a type; an update through the API never does.
// https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_rules
const widerTypes: Readonly<Partial<Record<FieldType, readonly FieldType[]>>> = {
  INT64: ['NUMERIC', 'BIGNUMERIC', 'FLOAT64'],
  NUMERIC: ['BIGNUMERIC', 'FLOAT64'],
}

/**
 * Why an update from `before` to `after` would be refused; none for a table without columns, which takes any.
 * Columns may be added, NULLABLE or REPEATED, and REQUIRED ones relaxed; everything else needs a statement.
 * @param path JSON pointer to `after`.
 */
export function evolutionFaults(
  before: readonly TableField[],
  after: unknown,
  path = '/schema/fields',
  parent = '',
): readonly Fault[] {
  if (!Array.isArray(after)) return [{ path, value: after, message: 'must be the list of all columns' }]
  const odd = after.flatMap((field, at) => (isField(field) ? [] : [`${path}/${at}`]))
  if (odd.length > 0) return odd.map((place) => ({ path: place, message: 'must have a name and a type' }))
  const fields = after as readonly TableField[]
  const former = new Map(before.map((field) => [keyOf(field), field]))
  const wanted = new Set(fields.map(keyOf))
  const dropped = before
    .filter((field) => before.length > 0 && !wanted.has(keyOf(field)))
    .map(({ name }) => ({
      path,
      message: `must list column ${parent}${name}, which the table has: a column is dropped by ALTER TABLE ... DROP COLUMN only`,
    }))
  const seen = new Set<string>()
  return [
    ...dropped,
    ...fields.flatMap((field, at): readonly Fault[] => {
      const place = `${path}/${at}`
      const name = `${parent}${field.name}`
      if (seen.has(keyOf(field))) {
        return [
          { path: `${place}/name`, value: field.name, message: 'must not stand twice; case does not count' },
        ]
      }
      seen.add(keyOf(field))
      const known = former.get(keyOf(field))
      if (known !== undefined) return changeFaults(known, field, place, name)
      if (before.length === 0 || modeOf(field) !== 'REQUIRED') return []
      const message = `must be NULLABLE or REPEATED: rows are there that have no ${name}`
      return [{ path: `${place}/mode`, value: 'REQUIRED', message }]
    }),
  ]
}

function changeFaults(known: TableField, field: TableField, place: string, name: string): readonly Fault[] {
  const [from, to] = [fieldTypeOf(known.type), fieldTypeOf(field.type)]
  if (from !== to) {
    const how = widerTypes[from]?.includes(to)
      ? `ALTER TABLE ... ALTER COLUMN ${name} SET DATA TYPE ${to} widens it`
      : 'a type is never changed by an update; add a column, or make a new table'
    return [{ path: `${place}/type`, value: field.type, message: `must stay ${known.type}: ${how}` }]
  }
  const inner =
    from === 'STRUCT'
      ? evolutionFaults(known.fields ?? [], field.fields ?? [], `${place}/fields`, `${name}.`)
      : []
  const [was, is] = [modeOf(known), modeOf(field)]
  if (was === is || (was === 'REQUIRED' && is === 'NULLABLE')) return inner
  const message =
    was === 'REQUIRED'
      ? 'must stay REQUIRED or become NULLABLE'
      : `must stay ${was}: a column is relaxed to NULLABLE, never tightened, and lists stay lists`
  return [{ path: `${place}/mode`, value: is, message }, ...inner]
}

function isField(field: unknown): field is TableField {
  const { name, type } = (field ?? {}) as Readonly<Record<string, unknown>>
  return typeof name === 'string' && typeof type === 'string'
}

function keyOf({ name }: TableField): string {
  return name.toLowerCase()
}

function modeOf({ mode }: TableField): string {
  return mode?.toUpperCase() ?? 'NULLABLE'
}
