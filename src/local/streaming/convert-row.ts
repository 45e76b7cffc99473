// One inserted row against the table's schema: the row to store, or every fault in it.
import { BadValue, convertScalar } from '../wire/scalar-values.ts'
import { type FieldSchema, isRepeated, isRequired, legacyType } from '../wire/table-schema.ts'

export interface RowFault {
  readonly reason: 'invalid' | 'stopped'
  readonly location: string
  readonly debugInfo: string
  readonly message: string
}

type Row = Record<string, unknown>
export type ConvertRow = (row: unknown, faults: RowFault[]) => Row

export function fault(message: string, location = ''): RowFault {
  return { reason: 'invalid', location, debugInfo: '', message }
}

export interface RowRules {
  /** Leaves out keys the schema does not have, at every level; otherwise each is a fault. */
  readonly ignoreUnknownValues: boolean
  /** A JSON column takes any JSON value, as load jobs give it; otherwise text that holds JSON. */
  readonly plainJson?: boolean
}

/** Compiles a schema into a converter. Faults are pushed to the list given; a row with any is not stored. */
export function rowConverter(fields: readonly FieldSchema[], rules: RowRules, prefix = ''): ConvertRow {
  const columns = new Map(
    fields.map((field) => [
      field.name.toLowerCase(),
      { field, convert: fieldConverter(field, rules, prefix + field.name) },
    ]),
  )
  // The engine's strict reader wants every key; a required column stays undefined until it is given.
  const required = fields.filter(isRequired).map((field) => field.name)
  const start = fields.map((field): [string, unknown] => [field.name, isRequired(field) ? undefined : null])
  const repeated = fields.filter(isRepeated).map((field) => field.name)
  return (row, faults) => {
    const stored: Row = {}
    for (const [name, value] of start) stored[name] = value
    for (const name of repeated) stored[name] = []
    for (const [key, value] of Object.entries(row as object)) {
      const column = columns.get(key.toLowerCase())
      if (column !== undefined) stored[column.field.name] = column.convert(value, faults)
      else if (!rules.ignoreUnknownValues) faults.push(fault(`no such field: ${prefix}${key}.`, prefix + key))
    }
    for (const name of required)
      if (stored[name] === undefined)
        faults.push(fault(`Missing required field: Msg_0_CLOUD_QUERY_TABLE.${prefix}${name}.`))
    return stored
  }
}

function fieldConverter(
  field: FieldSchema,
  rules: RowRules,
  path: string,
): (value: unknown, faults: RowFault[]) => unknown {
  const element = elementConverter(field, rules, path)
  const noNull = fault(`Only optional fields can be set to NULL. Field: ${path}; Value: NULL`, path)
  if (!isRepeated(field)) {
    const required = isRequired(field)
    return (value, faults) => {
      if (value !== null) return element(value, faults)
      if (required) faults.push(noNull)
      return null
    }
  }
  return (value, faults) => {
    if (value === null) {
      faults.push(noNull)
      return []
    }
    if (!Array.isArray(value)) {
      faults.push(fault('Repeated field must be imported as a JSON array.', path))
      return []
    }
    return value.map((item) => {
      if (item !== null) return element(item, faults)
      faults.push(noNull)
      return null
    })
  }
}

function elementConverter(
  field: FieldSchema,
  rules: RowRules,
  path: string,
): (value: unknown, faults: RowFault[]) => unknown {
  const type = legacyType(field.type)
  if (type === 'RECORD' || type === 'RANGE') {
    const bound = { type: field.rangeElementType?.type ?? 'DATE' }
    const fields =
      type === 'RECORD' ? (field.fields ?? []) : ['start', 'end'].map((name) => ({ ...bound, name }))
    const convert = rowConverter(fields, rules, `${path}.`)
    return (value, faults) => {
      if (Array.isArray(value)) faults.push(fault(`Array specified for non-repeated field: ${path}.`, path))
      else if (typeof value !== 'object') faults.push(fault(`This field: ${path} is a record.`, path))
      else return convert(type === 'RANGE' ? openEnds(value as Row) : value, faults)
      return null
    }
  }
  if (type === 'JSON' && rules.plainJson === true) return (value) => JSON.stringify(value)
  return (value, faults) => {
    if (typeof value === 'object') {
      faults.push(
        Array.isArray(value)
          ? fault(`Array specified for non-repeated field: ${path}.`, path)
          : fault(`This field: ${path} is not a record.`, path),
      )
      return null
    }
    try {
      return convertScalar(type, value, path)
    } catch (error) {
      if (!(error instanceof BadValue)) throw error
      faults.push(fault(error.message, path))
      return null
    }
  }
}

/** Clients write an open end of a range as null or as the word UNBOUNDED. */
function openEnds(range: Row): Row {
  return Object.fromEntries(
    Object.entries(range).map(([key, end]) => [key, end === 'UNBOUNDED' ? null : end]),
  )
}
