// Types of expressions, and which value may stand where another type is wanted.
import { invalidQuery } from '../wire/api-error.ts'
import {
  duckdbType,
  type FieldSchema,
  isRepeated,
  legacyType,
  quoteName,
  sqlType,
} from '../wire/table-schema.ts'

/** The type of a value: a field whose name does not matter. */
export type Type = FieldSchema

/** An expression written for DuckDB; its DuckDB type is the one that holds `type`. */
export interface Typed {
  readonly sql: string
  /** Undefined where the tables around it do not say. */
  readonly type: Type | undefined
  /** Literals and parameters fit more types than other values do, NULL every type. */
  readonly constant?: 'literal' | 'null'
  /** The text of a literal, for functions that need it before they run. */
  readonly text?: string
  /** What a literal array or struct is made of: each part may become another type for itself. */
  readonly parts?: readonly Typed[]
  /** A call of ERROR: of the type NULL, and yet to be evaluated whatever it becomes. */
  readonly fails?: true
}

const scalars = new Map<string, Type>()

export function scalar(name: string): Type {
  const type = legacyType(name)
  const known = scalars.get(type) ?? { name: '', type }
  scalars.set(type, known)
  return known
}

export const INT64: Type = scalar('INTEGER')
export const FLOAT64: Type = scalar('FLOAT')
const NUMERIC: Type = scalar('NUMERIC')
export const BOOL: Type = scalar('BOOLEAN')
export const STRING: Type = scalar('STRING')
export const JSON_TYPE: Type = scalar('JSON')

export function typed(sql: string, type: Type | undefined): Typed {
  return type?.type === 'NULL' && !isRepeated(type) ? { sql, type, constant: 'null' } : { sql, type }
}

export function arrayOf(element: Type): Type {
  return { ...element, name: '', mode: 'REPEATED' }
}

export function elementOf(type: Type): Type {
  return { ...type, mode: 'NULLABLE' }
}

export function structOf(fields: readonly FieldSchema[]): Type {
  return { name: '', type: 'RECORD', fields }
}

export function isStruct(type: Type | undefined): boolean {
  return type !== undefined && !isRepeated(type) && legacyType(type.type) === 'RECORD'
}

/** The type of a bare NULL, and of a struct's field that is one. */
function isNull(type: Type): boolean {
  return type.type === 'NULL' && !isRepeated(type)
}

/** The name of a scalar's type; '' for arrays, structs and what is not known. */
export function kindOfType(type: Type | undefined): string {
  return type === undefined || isRepeated(type) || isStruct(type) ? '' : legacyType(type.type)
}

/** A type as SQL writes it, for messages. */
export function typeName(type: Type | undefined): string {
  if (type === undefined) return 'unknown type'
  if (isRepeated(type)) return `ARRAY<${typeName(elementOf(type))}>`
  const name = legacyType(type.type)
  if (name === 'RECORD')
    return `STRUCT<${(type.fields ?? []).map((field) => `${field.name} ${typeName(field)}`.trim()).join(', ')}>`
  if (name === 'RANGE') return `RANGE<${type.rangeElementType?.type}>`
  return sqlType(name)
}

export function sameType(a: Type, b: Type): boolean {
  if (isRepeated(a) !== isRepeated(b)) return false
  const [left, right] = [legacyType(a.type), legacyType(b.type)]
  if (left !== right) return false
  if (left === 'RANGE')
    return legacyType(a.rangeElementType?.type ?? '') === legacyType(b.rangeElementType?.type ?? '')
  const [inA, inB] = [a.fields ?? [], b.fields ?? []]
  return inA.length === inB.length && inA.every((field, i) => sameType(field, inB[i] as FieldSchema))
}

/** Every value of the type on the left may be used as one of those on the right; later ones cost more. */
const WIDENS: Readonly<Record<string, readonly string[]>> = {
  INTEGER: ['FLOAT', 'NUMERIC', 'BIGNUMERIC'],
  NUMERIC: ['BIGNUMERIC', 'FLOAT'],
  BIGNUMERIC: ['FLOAT'],
  DATE: ['DATETIME'],
}
const LITERAL_WIDENS: Readonly<Record<string, readonly string[]>> = {
  STRING: ['DATE', 'DATETIME', 'TIMESTAMP', 'TIME', 'BYTES'],
  FLOAT: ['NUMERIC', 'BIGNUMERIC'],
  DATE: ['TIMESTAMP'],
  DATETIME: ['TIMESTAMP'],
}

/**
 * What it costs to use a value as `wanted`: 0 as it is, more for each step, least for literals, undefined
 * where it cannot be.
 */
export function cost(value: Typed, wanted: Type): number | undefined {
  const { type, constant } = value
  if (type === undefined) return 0
  if (sameType(type, wanted)) return 0
  if (constant === 'null' || isNull(type)) return 0
  const wantedParts = value.parts === undefined ? undefined : partTypes(value.parts, type, wanted)
  if (wantedParts !== undefined)
    return value.parts?.some((part, i) => cost(part, wantedParts[i] as Type) === undefined) === true
      ? undefined
      : 0.01
  if (isRepeated(type) || isRepeated(wanted)) {
    // An empty array literal has no element type of its own.
    return isRepeated(type) && isRepeated(wanted) && type.type === 'NULL' ? 0 : undefined
  }
  if (isStruct(type) && isStruct(wanted)) {
    const [from, to] = [type.fields ?? [], wanted.fields ?? []]
    if (from.length !== to.length) return undefined
    const costs = from.map((field, i) =>
      cost({ sql: '', type: field, ...(constant && { constant }) }, to[i] as FieldSchema),
    )
    return costs.includes(undefined) ? undefined : 1
  }
  const [from, to] = [legacyType(type.type), legacyType(wanted.type)]
  const step = (WIDENS[from] ?? []).indexOf(to)
  if (step >= 0) return (step + 1) * (constant === 'literal' ? 0.01 : 1)
  const literalStep = constant === 'literal' ? (LITERAL_WIDENS[from] ?? []).indexOf(to) : -1
  return literalStep < 0 ? undefined : (literalStep + 4) * 0.01
}

/** The types that the parts of a literal take in an array or struct type; undefined where it is no such type. */
function partTypes(parts: readonly Typed[], type: Type, wanted: Type): readonly Type[] | undefined {
  if (isRepeated(type)) return isRepeated(wanted) ? parts.map(() => elementOf(wanted)) : undefined
  return isStruct(wanted) && wanted.fields?.length === parts.length ? wanted.fields : undefined
}

/** The value as `wanted`, converted if need be; undefined where it does not fit. */
export function coerce(value: Typed, wanted: Type): string | undefined {
  if (value.type === undefined) return value.sql
  if (cost(value, wanted) === undefined) return undefined
  if (value.parts !== undefined && !sameType(value.type, wanted))
    return rebuilt(value.parts, value.type, wanted)
  const structs = isStruct(value.type) && isStruct(wanted)
  if (value.constant !== 'null' && (structs || sameType(value.type, wanted))) return byPosition(value, wanted)
  if (isNull(value.type) && wanted.type !== 'NULL')
    return `CAST(${value.fails ? value.sql : 'NULL'} AS ${duckdbType(wanted)})`
  if (wanted.type === 'NULL') return value.sql
  if (kindOfType(value.type) === 'STRING' && kindOfType(wanted) === 'BYTES') return `encode(${value.sql})`
  if (kindOfType(value.type) === 'STRING' && kindOfType(wanted) === 'TIMESTAMP')
    return `bq_text_to_timestamp(${value.sql})`
  if (
    value.constant === 'literal' &&
    kindOfType(value.type) === 'FLOAT' &&
    /^-?[\d.]+$/.test(value.text ?? '')
  )
    return `CAST('${value.text}' AS ${duckdbType(wanted)})`
  return `CAST(${value.sql} AS ${duckdbType(wanted)})`
}

function rebuilt(parts: readonly Typed[], type: Type, wanted: Type): string | undefined {
  const types = partTypes(parts, type, wanted)
  const sqls = parts.map((part, i) => (types?.[i] === undefined ? undefined : coerce(part, types[i])))
  if (types === undefined || sqls.includes(undefined)) return undefined
  if (isRepeated(wanted)) return `[${sqls.join(', ')}]`
  return `struct_pack(${sqls.map((sql, i) => `${quoteName(types[i]?.name ?? '')} := ${sql}`).join(', ')})`
}

/** DuckDB matches struct fields by name where BigQuery goes by position. */
function byPosition(value: Typed, wanted: Type): string | undefined {
  const { type, constant } = value
  if (type === undefined || (sameType(type, wanted) && !hasOtherNames(type, wanted))) return value.sql
  if (isStruct(wanted)) {
    const inner = type.fields ?? []
    const parts = (wanted.fields ?? []).map((field, i) => {
      const own = inner[i] as FieldSchema
      const part = { ...(constant && { constant }), ...typed(`(${value.sql}).${quoteName(own.name)}`, own) }
      return `${quoteName(field.name)} := ${coerce(part, field)}`
    })
    return `(CASE WHEN (${value.sql}) IS NOT NULL THEN struct_pack(${parts.join(', ')}) END)`
  }
  const each = byPosition(typed('x$', elementOf(type)), elementOf(wanted))
  return `list_transform(${value.sql}, lambda x$: ${each})`
}

/** Whether two equal types call a field differently. */
export function hasOtherNames(a: Type, b: Type): boolean {
  const inB = b.fields ?? []
  return (a.fields ?? []).some((field, i) => {
    const other = inB[i] as FieldSchema
    return field.name !== other.name || hasOtherNames(field, other)
  })
}

export function coerceTo(value: Typed, wanted: Type, what: string): string {
  const sql = coerce(value, wanted)
  if (sql === undefined)
    throw invalidQuery(
      `${what}: a value of type ${typeName(value.type)} cannot be used as ${typeName(wanted)}`,
    )
  return sql
}

/** The narrowest type all the values fit; undefined when one of them is not known. */
export function common(values: readonly Typed[], what: string): Type | undefined {
  if (values.some(({ type }) => type === undefined)) return undefined
  const firm = values.filter(({ constant }) => constant === undefined)
  const literals = values.filter(({ constant }) => constant === 'literal')
  const candidates = [...firm, ...literals].map(({ type }) => type as Type)
  const [first] = candidates
  if (first === undefined) return values[0]?.type
  const size = first.fields?.length
  if (candidates.every((one) => isStruct(one) && one.fields?.length === size)) return fieldwise(values, what)
  const widened = [...candidates, ...[NUMERIC, scalar('BIGNUMERIC'), FLOAT64]]
  const fits = widened.filter((candidate) => values.every((value) => cost(value, candidate) !== undefined))
  const [best] = fits
  if (best === undefined)
    throw invalidQuery(
      `No matching signature for ${what} for argument types: ${values.map(({ type }) => typeName(type)).join(', ')}`,
    )
  return best
}

/** Structs agree field by field; the first one names the fields. */
function fieldwise(values: readonly Typed[], what: string): Type {
  const structs = values.filter(({ constant }) => constant !== 'null')
  const names = structs[0]?.type?.fields ?? []
  const fields = names.map(({ name }, i) => {
    const column = structs.map(({ type, constant }) => ({
      ...(constant && { constant }),
      ...typed('', type?.fields?.[i]),
    }))
    return { ...(common(column, what) ?? INT64), name }
  })
  return structOf(fields)
}

/** All values in their common type. */
export function unify(
  values: readonly Typed[],
  what: string,
): { sqls: readonly string[]; type: Type | undefined } {
  const type = common(values, what)
  if (type === undefined) return { sqls: values.map(({ sql }) => sql), type }
  return { sqls: values.map((value) => coerceTo(value, type, what)), type }
}

const GROUPABLE = ['JSON', 'GEOGRAPHY']

/** Refuses types that cannot be compared or grouped by. */
export function checkComparable(type: Type | undefined, what: string): void {
  if (type === undefined) return
  if (GROUPABLE.includes(legacyType(type.type)))
    throw invalidQuery(`${what} is not defined for arguments of type ${typeName(type)}`)
}
