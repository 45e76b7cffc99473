// Types and options as INFORMATION_SCHEMA shows them.
import { type FieldSchema, isRepeated, legacyType, quoteText, sqlType } from '../wire/table-schema.ts'

/** A type with the lengths and precisions a column may have. */
export function describeType(field: FieldSchema): string {
  const element = describeElement(field)
  return isRepeated(field) ? `ARRAY<${element}>` : element
}

function describeElement(field: FieldSchema): string {
  const type = legacyType(field.type)
  if (type === 'RECORD')
    return `STRUCT<${(field.fields ?? []).map((inner) => `${inner.name} ${describeType(inner)}`).join(', ')}>`
  if (type === 'RANGE') return `RANGE<${field.rangeElementType?.type ?? 'DATE'}>`
  const limits = [field['maxLength'] ?? field['precision'], field['scale']].filter(
    (limit) => limit !== undefined,
  )
  return `${sqlType(type)}${limits.length === 0 ? '' : `(${limits.join(', ')})`}`
}

type Described = readonly [name: string, type: string, value: string]

/** What a resource's fields are called as options, and how their values are written. */
const OPTIONS: Readonly<Record<string, (value: unknown, pair: string) => readonly Described[]>> = {
  description: (value) => [['description', 'STRING', text(value)]],
  friendlyName: (value) => [['friendly_name', 'STRING', text(value)]],
  labels: (value, pair) => {
    const pairs = Object.entries(value as Record<string, string>)
    const list = pairs.map(([key, label]) => `${pair}(${text(key)}, ${text(label)})`)
    return pairs.length === 0 ? [] : [['labels', 'ARRAY<STRUCT<STRING, STRING>>', `[${list.join(', ')}]`]]
  },
  expirationTime: (value) => [
    ['expiration_timestamp', 'TIMESTAMP', `TIMESTAMP ${quoteText(new Date(Number(value)).toISOString())}`],
  ],
  requirePartitionFilter: (value) => [['require_partition_filter', 'BOOL', String(value)]],
  timePartitioning: (value) => {
    const { expirationMs } = value as { expirationMs?: string }
    return expirationMs === undefined ? [] : [['partition_expiration_days', 'FLOAT64', days(expirationMs)]]
  },
  defaultTableExpirationMs: (value) => [['default_table_expiration_days', 'FLOAT64', days(value)]],
  defaultPartitionExpirationMs: (value) => [['default_partition_expiration_days', 'FLOAT64', days(value)]],
}

/** `pair` stands before the parenthesis of a key and its label. */
export function describeOptions(
  sent: Readonly<Record<string, unknown>>,
  pair: 'STRUCT' | '' = 'STRUCT',
): readonly Described[] {
  return Object.entries(OPTIONS).flatMap(([key, describe]) =>
    sent[key] === undefined || sent[key] === null ? [] : describe(sent[key], pair),
  )
}

function text(value: unknown): string {
  return JSON.stringify(String(value))
}

function days(milliseconds: unknown): string {
  const number = Number(milliseconds) / 86_400_000
  return Number.isInteger(number) ? `${number}.0` : String(number)
}
