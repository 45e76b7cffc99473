// The names of connections, and what a reference to one looks like in text.
import { invalidConfig } from '../../descriptor/resolve.ts'

const namePattern = /^[A-Za-z_][A-Za-z0-9_-]{0,127}$/

/** The directory of a connection: not every file system tells `Toronto` from `toronto`. */
export function directoryNameOf(name: string): string {
  return name.toLowerCase()
}

/** True for a directory that a connection can lie in; anything else in its place is not the store's. */
export function isDirectoryName(text: string): boolean {
  return namePattern.test(text) && directoryNameOf(text) === text
}

/** @throws ConnectorError `BQC_CONFIG_INVALID` */
export function checkName(name: string, what = 'connection'): void {
  if (namePattern.test(name)) return
  throw invalidConfig(what, [
    {
      path: '/name',
      value: String(name).slice(0, 200),
      message: 'must begin with a letter or _, and hold up to 128 letters, digits, _ and -',
    },
  ])
}

/** A reference to a connection, taken apart. */
export type ParsedReference =
  | { readonly operation: string }
  | { readonly name: string; readonly revision: number | undefined }

/** `toronto`, `toronto@3` or `operation:ID`; undefined for anything else. */
export function parseReference(text: string): ParsedReference | undefined {
  if (text.startsWith('operation:')) return { operation: text.slice('operation:'.length) }
  const [name = '', revision, ...more] = text.split('@')
  if (!namePattern.test(name) || more.length > 0) return undefined
  if (revision === undefined) return { name, revision: undefined }
  return /^[1-9]\d{0,14}$/.test(revision) ? { name, revision: Number(revision) } : undefined
}
