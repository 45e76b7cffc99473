// What a host reads to draw forms, without knowing BigQuery. Obeys schemas/descriptor.schema.json.
import type { OperationId } from './operation.ts'
import type { JsonSchema } from './profile.ts'

/** A connection kind: its form is a JSON Schema with a few `x-` hints. */
export interface ConnectionDescriptor {
  readonly id: string
  readonly label: string
  readonly help: string
  readonly config: JsonSchema
}

export interface OperationDescriptor {
  readonly id: OperationId
  readonly label: string
  readonly help: string
  /** Which object types it acts on: listed tables, or this fixed list. */
  readonly objectTypes:
    | { readonly browse: 'tables' }
    | { readonly fixed: readonly { readonly id: string; readonly label: string }[] }
  /** JSON Schema of the options, `objectType` included. The only place where defaults stand. */
  readonly options: JsonSchema
  /** Names of the document properties that override an option for one document. */
  readonly documentProperties: readonly string[]
}

export interface ConnectorDescriptor {
  readonly id: string
  readonly label: string
  readonly version: string
  readonly help: string
  readonly connections: readonly ConnectionDescriptor[]
  readonly operations: readonly OperationDescriptor[]
}
