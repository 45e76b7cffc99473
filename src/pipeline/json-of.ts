// A document's object as JSON has it.
import type { JsonObject } from '../contract/document.ts'

/** What JSON has no word for is written as BigQuery takes it: bytes in base64, whole numbers of any size as text. */
export function jsonOf(value: JsonObject): unknown {
  return JSON.parse(JSON.stringify(value, replaced))
}

// The value itself stands in `this`: what comes in as an argument has been through toJSON.
function replaced(this: Record<string, unknown>, name: string, value: unknown): unknown {
  const given = this[name]
  if (given instanceof Uint8Array) return Buffer.from(given).toString('base64')
  if (typeof value === 'bigint') return value.toString()
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}
