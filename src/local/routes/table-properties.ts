// What a client may say about a table besides its schema: partitioning, clustering, expiration, labels.
import { invalid } from '../wire/api-error.ts'
import { isRepeated, legacyType, type TableSchema } from '../wire/table-schema.ts'

const PARTITION_TYPES = ['DAY', 'HOUR', 'MONTH', 'YEAR']
const TIME_COLUMNS = ['DATE', 'TIMESTAMP', 'DATETIME']
const UNCLUSTERABLE = ['RECORD', 'FLOAT', 'JSON', 'INTERVAL', 'RANGE']
const MOST_CLUSTERING_FIELDS = 4

export function checkProperties(sent: Readonly<Record<string, unknown>>, schema: TableSchema): void {
  const column = (name: string): string | undefined => {
    const field = schema.fields.find((one) => one.name.toLowerCase() === name.toLowerCase())
    return field === undefined || isRepeated(field) ? undefined : legacyType(field.type)
  }
  const time = sent['timePartitioning'] as { type?: string; field?: string } | undefined
  if (time) {
    if (!PARTITION_TYPES.includes(String(time.type ?? 'DAY').toUpperCase()))
      throw invalid(`Invalid value for timePartitioning.type: ${time.type} is not a valid value`)
    if (time.field !== undefined) {
      const type = column(time.field)
      if (type === undefined)
        throw invalid(`The field specified for partitioning cannot be found in the schema: ${time.field}`)
      if (!TIME_COLUMNS.includes(type))
        throw invalid(
          `The field specified for partitioning must be of type DATE, TIMESTAMP or DATETIME: ${time.field} is ${type}`,
        )
    }
  }
  const range = sent['rangePartitioning'] as { field?: string } | undefined
  if (range && column(range.field ?? '') !== 'INTEGER')
    throw invalid(
      `The field specified for range partitioning must be an INTEGER column: ${range.field ?? ''}`,
    )
  if (time && range) throw invalid('A table has either timePartitioning or rangePartitioning, not both.')
  checkClustering(sent['clustering'], column)
  checkLabels(sent['labels'])
  const expiration = sent['expirationTime']
  if (expiration !== undefined && !/^\d+$/.test(String(expiration)))
    throw invalid(`Invalid value for expirationTime: ${expiration}`)
}

function checkClustering(clustering: unknown, column: (name: string) => string | undefined): void {
  const fields = (clustering as { fields?: readonly string[] } | undefined)?.fields ?? []
  if (fields.length > MOST_CLUSTERING_FIELDS)
    throw invalid(`Cannot cluster by more than ${MOST_CLUSTERING_FIELDS} fields.`)
  for (const name of fields) {
    const type = column(name)
    if (type === undefined)
      throw invalid(`The field specified for clustering cannot be found in the schema: ${name}`)
    if (UNCLUSTERABLE.includes(type))
      throw invalid(`The field specified for clustering is of an unsupported type: ${name} is ${type}`)
  }
}

function checkLabels(labels: unknown): void {
  for (const [key, value] of Object.entries((labels ?? {}) as Record<string, unknown>))
    if (
      !/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key) ||
      !/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(String(value))
    )
      throw invalid(
        `Label "${key}": "${value}" is not valid. Keys and values hold at most 63 lowercase letters, digits, underscores and dashes; keys begin with a letter.`,
      )
}
