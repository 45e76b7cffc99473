// --option NAME=VALUE: any option of an operation, as its descriptor names it.
import { InvalidArgumentError, Option } from 'commander'
import { createConnector, type OperationId } from '../index.ts'

/** The flag, which may be repeated, of a command that runs an operation. */
function optionOf(label: string, id: OperationId): Option {
  return new Option('-o, --option <name=value>', `an option of ${label} (bqc describe ${id})`).argParser(
    collect,
  )
}

export const insertOption: Option = optionOf('Streaming Insert', 'streaming-insert')
export const upsertOption: Option = optionOf('Upsert', 'upsert')

function collect(text: string, collected: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('The form is NAME=VALUE, such as batchCount=1000.')
  return { ...collected, [text.slice(0, at)]: text.slice(at + 1) }
}

/** Reads each value as its descriptor wants it; what cannot be read stays text, and the descriptor judges. */
export function typedOptions(
  operationId: OperationId,
  options: Readonly<Record<string, string>> = {},
): Record<string, unknown> & { readonly projectIdOverride?: string } {
  const operation = createConnector().descriptor.operations.find(({ id }) => id === operationId)
  const fields = operation?.options['properties'] as Record<string, { readonly type?: unknown }>
  return Object.fromEntries(
    Object.entries(options).map(([name, text]) => [name, typed(text, fields[name]?.type)]),
  )
}

function typed(text: string, type: unknown): unknown {
  if (type === 'integer' && /^-?\d+$/.test(text)) return Number(text)
  if (type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true'
  return text
}

/**
 * `DATASET.TABLE` or `PROJECT.DATASET.TABLE`, as an operation names it.
 * @throws InvalidArgumentError
 */
export function parseTable(text: string): { objectType: string; projectIdOverride?: string } {
  const parts = text.split('.')
  const [table = '', dataset = '', ...project] = parts.reverse()
  if (parts.length < 2 || parts.length > 3 || parts.includes('')) {
    throw new InvalidArgumentError('The form is DATASET.TABLE or PROJECT.DATASET.TABLE.')
  }
  const [projectIdOverride] = project
  const objectType = `datasets/${dataset}/tables/${table}`
  return projectIdOverride === undefined ? { objectType } : { objectType, projectIdOverride }
}
