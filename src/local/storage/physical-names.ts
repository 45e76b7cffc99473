// Where a dataset and a table live inside DuckDB. BigQuery ids are case sensitive and DuckDB names are
// not, so a capital letter becomes a caret and its small letter; no BigQuery id may contain a caret.
import { quoteName } from '../wire/table-schema.ts'

export function physicalSchema(projectId: string, datasetId: string): string {
  return `store.${quoteName(`${fold(projectId)}:${fold(datasetId)}`)}`
}

export function physicalTable(projectId: string, datasetId: string, tableId: string): string {
  return `${physicalSchema(projectId, datasetId)}.${physicalName(tableId)}`
}

/** A table's name inside its schema. */
export function physicalName(tableId: string): string {
  return quoteName(fold(tableId))
}

function fold(id: string): string {
  return id.replace(/[A-Z]/g, (letter) => `^${letter.toLowerCase()}`)
}
