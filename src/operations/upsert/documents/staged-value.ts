// SQL for a staged value as its column wants it: text becomes JSON again, however deep it stands.
import type { TableField } from '../../../contract/table-schema.ts'
import { fieldTypeOf } from '../../../encoding/types.ts'
import { quoted } from '../table-names.ts'

/** @param sql the staged value. */
export function valueSql(field: TableField, sql: string): string {
  if (!holdsJson(field)) return sql
  if (field.mode !== 'REPEATED') return oneSql(field, sql)
  return `ARRAY(SELECT ${oneSql(field, 'item')} FROM UNNEST(${sql}) AS item WITH OFFSET AS at ORDER BY at)`
}

function oneSql({ type, fields = [] }: TableField, sql: string): string {
  if (fieldTypeOf(type) === 'JSON') return `PARSE_JSON(${sql})`
  const members = fields.map((field) => {
    const name = quoted(field.name)
    return `${valueSql(field, `${sql}.${name}`)} AS ${name}`
  })
  return `IF(${sql} IS NULL, NULL, STRUCT(${members.join(', ')}))`
}

function holdsJson({ type, fields = [] }: TableField): boolean {
  return fieldTypeOf(type) === 'JSON' || fields.some(holdsJson)
}
