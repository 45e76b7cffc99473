// Rows of a result from their JSON text: scanned where they are written as BigQuery writes them, else parsed.
import type { JsonObject } from '../contract/document.ts'
import type { TableField } from '../contract/table-schema.ts'
import { ConnectorError } from '../errors.ts'
import { compileRowScanner } from './compile-row-scanner.ts'
import { compileRowDecoder } from './decode-row.ts'
import type { ValueChoice } from './result-values.ts'

/**
 * Takes rows divided by commas.
 * @throws ConnectorError `BQC_RESPONSE_UNREADABLE`
 */
export type ReadRows = (text: string) => JsonObject[]

export function compileRowsReader(fields: readonly TableField[], choice: ValueChoice): ReadRows {
  const scan = compileRowScanner(fields, choice)
  const decode = compileRowDecoder(fields, choice)
  return (text) => {
    try {
      return scan(text) ?? JSON.parse(`[${text}]`).map(decode)
    } catch (cause) {
      const message = 'Rows of the result are not written in the form that their schema asks for.'
      throw new ConnectorError('BQC_RESPONSE_UNREADABLE', message, { cause })
    }
  }
}
