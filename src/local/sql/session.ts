// What a running script or routine adds to the names of a statement: variables, temporary tables and
// functions, system variables.
import type { FieldSchema } from '../wire/table-schema.ts'
import type { Typed } from './typing.ts'

export interface SessionTable {
  readonly sql: string
  readonly fields: readonly FieldSchema[]
}

export interface Session {
  /** A variable, or a parameter of the routine whose body is being written. */
  variable(name: string): Typed | undefined
  /** A system variable by its name without the @@. */
  system(name: string): Typed | undefined
  /** Temporary tables by name in small letters. */
  readonly tables: ReadonlyMap<string, SessionTable>
  /** Temporary functions by name in small letters, as the API describes routines. */
  readonly functions: ReadonlyMap<string, Readonly<Record<string, unknown>>>
}

export const EMPTY_SESSION: Session = {
  variable: () => undefined,
  system: () => undefined,
  tables: new Map(),
  functions: new Map(),
}
