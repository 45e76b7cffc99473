// --option NAME=VALUE: any option of an operation, as its descriptor names it.
import { InvalidArgumentError } from 'commander'

/** Numbers and booleans are read as such; everything else is text. The descriptor judges. */
export function collectOption(
  text: string,
  collected: Record<string, unknown> = {},
): Record<string, unknown> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('The form is NAME=VALUE, such as batchCount=1000.')
  const value = text.slice(at + 1)
  const isLiteral = /^(true|false|-?\d+(\.\d+)?)$/.test(value)
  return { ...collected, [text.slice(0, at)]: isLiteral ? JSON.parse(value) : value }
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
