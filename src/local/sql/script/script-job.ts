// What a script needs of the job that runs it.
import type { Catalog } from '../../storage/catalog.ts'
import type { ApiError } from '../../wire/api-error.ts'
import type { BoundParameter } from '../parameters.ts'
import type { Statement as Context } from '../scope.ts'
import type { Variables } from './variables.ts'

export interface ScriptJob {
  readonly catalog: Catalog
  readonly variables: Variables
  /** The names a statement may use now; with these query parameters, where they are not the job's own. */
  context(parameters?: ReadonlyMap<string, BoundParameter>): Context
  execute(sql: string): Promise<number>
  read(sql: string): Promise<readonly (readonly unknown[])[]>
  /** Compiles and runs one statement, and records what came of it. */
  statement(context: Context, text: string): Promise<void>
  transaction(action: 'BEGIN' | 'COMMIT' | 'ROLLBACK'): Promise<void>
  /** An error as the client would see it; one that ends the job is thrown on. */
  caught(error: unknown): Promise<ApiError>
  /** What @@error.message and its like are inside a handler. */
  failure: { readonly message: string; readonly statement: string } | undefined
  /** The text of the statement that runs. */
  current: string
  /** SET @@name; refuses what would make no difference here. */
  setSystem(name: string, value: string): void
  /** Throws when the job was cancelled. */
  checkpoint(): void
}
