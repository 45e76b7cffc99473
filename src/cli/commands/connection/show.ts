// A stored connection as people read it.
import type { ConnectionValues, SecretMark, StoredConnection } from '../../../index.ts'
import { harmless } from '../../format.ts'

/** Prints a line that says what has happened, and the connection below it. */
export function printStored(line: string, stored: StoredConnection): void {
  process.stdout.write(harmless(`${line}\n${textOf(stored)}`))
}

function textOf({
  kind,
  revision,
  description,
  labels,
  values,
  environments = {},
  updatedAt,
}: StoredConnection): string {
  const lines = [
    ['kind', kind],
    ['revision', `${revision} of ${updatedAt}`],
    ...(description ? [['description', description]] : []),
    ...(labels ? [['labels', JSON.stringify(labels)]] : []),
    ...fieldsOf(values),
    ...Object.entries(environments).flatMap(([environment, each]) => {
      const fields = fieldsOf(each)
      if (fields.length === 0) return [[environment, '(as above)']]
      return fields.map(([name, value]) => [`${environment}: ${name}`, value])
    }),
  ]
  const width = Math.max(...lines.map(([name = '']) => name.length))
  return lines.map(([name = '', value = '']) => `  ${name.padEnd(width)}  ${value}\n`).join('')
}

function fieldsOf(values: ConnectionValues): string[][] {
  return Object.entries(values).map(([name, value]) => [name, shown(value)])
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value
  const { set, source } = value as Partial<SecretMark>
  if (typeof set !== 'boolean' || typeof source !== 'string') return JSON.stringify(value)
  if (!set) return '(to be entered again)'
  return source === 'sealed' ? '(sealed)' : `(${source})`
}
