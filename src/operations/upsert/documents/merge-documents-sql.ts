// The MERGE that takes staged documents into their target. The table ends as if they had been applied one after
// another: a document that is older than what was there is not applied, and a removal is remembered to the
// batch's end.
import type { TableField } from '../../../contract/table-schema.ts'
import { isNotOlder, isSame } from '../merge-conditions.ts'
import { quoted, quotedTable, type TableName } from '../table-names.ts'
import { staged } from './staged-rows.ts'
import { valueSql } from './staged-value.ts'
import type { Target } from './target.ts'

// Names within the statement. n: position, g: names of fields, r: the document; x: it removes; o: its order;
// d, e: position and order of the last removal of its key.
const { position: n, names: g, row: r } = staged

export function mergeDocumentsSql(target: Target, staging: TableName): string {
  const parts = target.columns === 'all' ? wholeRows(target) : givenColumns(target)
  const { keyColumns } = target
  const same = keyColumns.map((key, at) => {
    const isNever = target.fields.find(({ name }) => name === key)?.mode === 'REQUIRED'
    return isSame(`T.${quoted(key)}`, `S.k${at}`, isNever)
  })
  const changed = otherColumns(target)
  const sets = changed.map((field, at) => `${quoted(field.name)} = ${parts.update(field, at)}`)
  const names = [...keyColumns, ...changed.map(({ name }) => name)].map(quoted)
  const values = [...keyColumns.map((_, at) => `S.k${at}`), ...changed.map(parts.insert)]
  const { isRemoval, isRemovalNew } = parts
  const hasRemovals = target.deleteColumn !== ''
  const isNew = newerThan(target, 'S.o')
  return [
    `MERGE ${quotedTable(target)} AS T`,
    `USING (${parts.source(survivors(target, staging))}) AS S`,
    `ON ${same.join(' AND ')}`,
    ...(hasRemovals ? [`WHEN MATCHED AND ${isRemoval} AND ${isRemovalNew} THEN DELETE`] : []),
    ...(sets.length === 0 ? [] : [`WHEN MATCHED AND ${isNew} THEN UPDATE SET ${sets.join(', ')}`]),
    `WHEN NOT MATCHED${hasRemovals ? ` AND NOT ${isRemoval}` : ''} THEN INSERT (${names.join(', ')}) VALUES (${values.join(', ')})`,
  ].join('\n')
}

interface Parts {
  /** One row a key. @param documents that count, as SQL. */
  readonly source: (documents: string) => string
  readonly isRemoval: string
  readonly isRemovalNew: string
  /** What a column of a row becomes; `at` is its place among the columns that are no keys. */
  readonly update: (field: TableField, at: number) => string
  readonly insert: (field: TableField, at: number) => string
}

/** The last document of a key is the row. */
function wholeRows(target: Target): Parts {
  const value = (field: TableField) => {
    const own = valueSql(field, `S.${r}.${quoted(field.name)}`)
    if (!field.defaultValueExpression) return own
    return `IF(${isGiven(field, `S.${g}`)}, ${own}, ${defaultOf(field)})`
  }
  return {
    source: (documents) =>
      `SELECT * FROM (${documents}) WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY ${keys(target)} ORDER BY ${n} DESC) = 1`,
    isRemoval: 'S.x',
    isRemovalNew: newerThan(target, 'S.o'),
    update: value,
    insert: value,
  }
}

/** Of each column, the last document of a key that has it counts; those before the key's last removal do not. */
function givenColumns(target: Target): Parts {
  const hasRemovals = target.deleteColumn !== ''
  const hasOrder = target.orderColumn !== ''
  const column = (field: TableField, at: number) => {
    const counts = `${hasRemovals ? `${n} > IFNULL(d, -1) AND ` : ''}${isGiven(field, g)}`
    const value = `STRUCT(${r}.${quoted(field.name)} AS v${hasOrder ? ', o AS o' : ''})`
    return `ARRAY_AGG(IF(${counts}, ${value}, NULL) IGNORE NULLS ORDER BY ${n} DESC LIMIT 1)[SAFE_OFFSET(0)] AS c${at}`
  }
  const removals = hasRemovals
    ? `, MAX(IF(x, ${n}, NULL)) OVER (PARTITION BY ${keys(target)}) AS d${hasOrder ? `, MAX(IF(x, o, NULL)) OVER (PARTITION BY ${keys(target)}) AS e` : ''}`
    : ''
  const facts = [
    keys(target),
    `MAX(${n}) AS ${n}`,
    ...(hasOrder ? ['MAX(o) AS o'] : []),
    ...(hasRemovals ? ['MAX(d) AS d'] : []),
    ...(hasRemovals && hasOrder ? ['MAX(e) AS e'] : []),
    ...otherColumns(target).map(column),
  ]
  const isRemovalNew = newerThan(target, 'S.e')
  return {
    source: (documents) =>
      `SELECT ${facts.join(', ')} FROM (SELECT *${removals} FROM (${documents})) GROUP BY ${keys(target)}`,
    isRemoval: `IFNULL(S.${n} = S.d, FALSE)`,
    isRemovalNew,
    update: (field, at) => {
      const before = `T.${quoted(field.name)}`
      const left = hasRemovals
        ? `IF(S.d IS NOT NULL AND ${isRemovalNew}, ${defaultOf(field)}, ${before})`
        : before
      return `IF(S.c${at} IS NOT NULL AND ${newerThan(target, `S.c${at}.o`)}, ${valueSql(field, `S.c${at}.v`)}, ${left})`
    },
    insert: (field, at) => `IF(S.c${at} IS NOT NULL, ${valueSql(field, `S.c${at}.v`)}, ${defaultOf(field)})`,
  }
}

/** Documents but those that are older than one before them. */
function survivors(target: Target, staging: TableName): string {
  const { keyColumns, orderColumn, deleteColumn } = target
  const read = [
    `${n}, ${g}, ${r}`,
    ...keyColumns.map((key, at) => `${r}.${quoted(key)} AS k${at}`),
    ...(orderColumn === '' ? [] : [`${r}.${quoted(orderColumn)} AS o`]),
    ...(deleteColumn === '' ? [] : [`IFNULL(${r}.${quoted(deleteColumn)}, FALSE) AS x`]),
  ]
  const documents = `SELECT ${read.join(', ')} FROM ${quotedTable(staging)}`
  if (orderColumn === '') return documents
  return `SELECT * FROM (${documents}) WHERE TRUE QUALIFY o = MAX(o) OVER (PARTITION BY ${keys(target)} ORDER BY ${n})`
}

function keys({ keyColumns }: Target): string {
  return keyColumns.map((_, at) => `k${at}`).join(', ')
}

function otherColumns({ fields, keyColumns }: Target): readonly TableField[] {
  return fields.filter(({ name }) => !keyColumns.includes(name))
}

function newerThan({ orderColumn }: Target, order: string): string {
  return orderColumn === '' ? 'TRUE' : isNotOlder(order, `T.${quoted(orderColumn)}`)
}

function isGiven({ name }: TableField, names: string): string {
  return `${textSql(name.toLowerCase())} IN UNNEST(${names})`
}

function defaultOf({ defaultValueExpression }: TableField): string {
  return defaultValueExpression ? `(${defaultValueExpression})` : 'NULL'
}

function textSql(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}
