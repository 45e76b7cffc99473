// Types as the API writes them in routines (StandardSqlDataType), to and from table fields.
import { type FieldSchema, isRepeated, legacyType, sqlType } from '../wire/table-schema.ts'
import { anonymousField } from './types.ts'

export interface StandardType {
  readonly typeKind?: string
  readonly arrayElementType?: StandardType
  readonly rangeElementType?: StandardType
  readonly structType?: {
    readonly fields?: readonly { readonly name?: string; readonly type?: StandardType }[]
  }
}

export function standardType(field: FieldSchema): StandardType {
  if (isRepeated(field))
    return { typeKind: 'ARRAY', arrayElementType: standardType({ ...field, mode: 'NULLABLE' }) }
  const type = legacyType(field.type)
  if (type === 'RECORD')
    return {
      typeKind: 'STRUCT',
      structType: {
        fields: (field.fields ?? []).map((inner) => ({ name: inner.name, type: standardType(inner) })),
      },
    }
  if (type === 'RANGE')
    return { typeKind: 'RANGE', rangeElementType: { typeKind: field.rangeElementType?.type ?? 'DATE' } }
  return { typeKind: sqlType(type) }
}

export function fieldFromStandard(type: StandardType, name = ''): FieldSchema {
  const kind = String(type.typeKind ?? '').toUpperCase()
  if (kind === 'ARRAY') return { ...fieldFromStandard(type.arrayElementType ?? {}, name), mode: 'REPEATED' }
  if (kind === 'RANGE')
    return { name, type: 'RANGE', rangeElementType: { type: type.rangeElementType?.typeKind ?? 'DATE' } }
  if (kind !== 'STRUCT') return { name, type: legacyType(kind) }
  const fields = (type.structType?.fields ?? []).map((inner, i) =>
    fieldFromStandard(inner.type ?? {}, inner.name || anonymousField(i)),
  )
  return { name, type: 'RECORD', fields }
}
