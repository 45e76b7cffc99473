// PARTITION BY and CLUSTER BY, as the fields of a table resource.
import { invalidQuery } from '../../wire/api-error.ts'
import { type FieldSchema, findField, isRepeated, legacyType } from '../../wire/table-schema.ts'
import { layoutOf } from '../layout.ts'
import { createReader, type Reader } from '../reader.ts'

type Sent = Record<string, unknown>

export function readPartitioning(reader: Reader): Sent {
  const sent: Sent = {}
  if (reader.takes('PARTITION', 'BY'))
    Object.assign(sent, partitioning(reader.until('CLUSTER', 'OPTIONS', 'AS', 'LIKE', 'COPY', 'CLONE', ';')))
  if (reader.takes('CLUSTER', 'BY')) {
    const fields: string[] = []
    do fields.push(reader.name())
    while (reader.takes(','))
    if (fields.length > 4) throw invalidQuery('CLUSTER BY takes at most four columns')
    sent['clustering'] = { fields }
  }
  return sent
}

const UNITS = ['HOUR', 'DAY', 'MONTH', 'YEAR']

function partitioning(text: string): Sent {
  const reader = createReader(text)
  const wrong = invalidQuery(
    `PARTITION BY expression must be DATE(<timestamp_column>), DATE(<datetime_column>), DATETIME_TRUNC(<datetime_column>, DAY/HOUR/MONTH/YEAR), a DATE column, TIMESTAMP_TRUNC(<timestamp_column>, DAY/HOUR/MONTH/YEAR), DATE_TRUNC(<date_column>, MONTH/YEAR), or RANGE_BUCKET(<int64_column>, GENERATE_ARRAY(<int64_value>, <int64_value>[, <int64_value>]))`,
  )
  const name = reader.name()
  const word = name.toUpperCase()
  if (reader.done()) return time(/^_PARTITION(DATE|TIME)$/.test(word) ? undefined : name, 'DAY')
  reader.expect('(')
  const column = reader.name()
  const field = /^_PARTITION(DATE|TIME)$/i.test(column) ? undefined : column
  if (word === 'DATE') {
    reader.expect(')')
    return time(field, 'DAY')
  }
  reader.expect(',')
  if (/^(DATE|DATETIME|TIMESTAMP)_TRUNC$/.test(word)) {
    const unit = reader.name().toUpperCase()
    if (!UNITS.includes(unit)) throw wrong
    return time(field, unit)
  }
  if (word !== 'RANGE_BUCKET') throw wrong
  reader.expect('GENERATE_ARRAY')
  const [start = '', end = '', interval = '1'] = reader.list(() => reader.until(','))
  if (![start, end, interval].every((bound) => /^-?\s*\d+$/.test(bound))) throw wrong
  return { rangePartitioning: { field: column, range: { start, end, interval } } }
}

function time(field: string | undefined, type: string): Sent {
  return { timePartitioning: { type, ...(field === undefined ? {} : { field }) } }
}

const PARTITION_TYPES = ['DATE', 'DATETIME', 'TIMESTAMP']

/** Checks that the columns named by partitioning and clustering exist and have a type for it. */
export function checkPartitioning(
  sent: Readonly<Record<string, unknown>>,
  fields: readonly FieldSchema[],
): void {
  const { time, range, clusters } = layoutOf({ sent })
  const needs: readonly (readonly [string | undefined, readonly string[]])[] = [
    [time?.field, PARTITION_TYPES],
    [range?.field, ['INTEGER']],
  ]
  for (const [name, types] of needs) {
    if (name === undefined) continue
    const field = findField(fields, name)
    if (field === undefined) throw invalidQuery(`Unrecognized name: ${name}`)
    if (isRepeated(field) || !types.includes(legacyType(field.type)))
      throw invalidQuery(`Cannot partition by column ${name} of type ${legacyType(field.type)}`)
  }
  for (const name of clusters)
    if (findField(fields, name) === undefined)
      throw invalidQuery(`The field specified for clustering cannot be found in the schema: ${name}`)
}
