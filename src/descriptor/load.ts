// descriptors/*.json -> one ConnectorDescriptor, checked against schemas/descriptor.schema.json.
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type {
  ConnectionDescriptor,
  ConnectorDescriptor,
  OperationDescriptor,
} from '../contract/descriptor.ts'
import type { JsonSchema } from '../contract/profile.ts'
import { ConnectorError } from '../errors.ts'

// The same depth below src and below dist, so one path works before and after the build.
const root = new URL('../../', import.meta.url)

const readJson = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(path, root), 'utf8'))

/** What a person wrote; errors and answers are added from the tables that the code runs by. */
export type WrittenDescriptor = Omit<ConnectorDescriptor, 'errors' | 'answers'>

/** schemas/descriptor.schema.json. */
export function readLanguage(): JsonSchema {
  return readJson('schemas/descriptor.schema.json')
}

let loaded: WrittenDescriptor | undefined

/** The connector's descriptor with those of its connections and operations in place of their ids. Read once. */
export function loadDescriptor(): WrittenDescriptor {
  loaded ??= readDescriptor()
  return loaded
}

function readDescriptor(): WrittenDescriptor {
  const ajv = new Ajv2020({ allErrors: true, strict: false })
  const language = readLanguage()
  ajv.addSchema(language)

  const read = <T>(kind: 'connector' | 'connection' | 'operation', path: string): T => {
    const { $schema: _, ...descriptor } = readJson(path)
    if (!ajv.validate(`${language['$id']}#/$defs/${kind}`, descriptor)) {
      throw new ConnectorError('BQC_INTERNAL', `${path} is no ${kind} descriptor: ${ajv.errorsText()}.`)
    }
    return descriptor as T
  }

  const connector = read<{ connections: string[]; operations: string[] } & Record<string, unknown>>(
    'connector',
    'descriptors/connector.json',
  )
  return {
    ...(connector as unknown as WrittenDescriptor),
    connections: connector.connections.map((id) =>
      read<ConnectionDescriptor>('connection', `descriptors/connections/${id}.json`),
    ),
    operations: connector.operations.map((id) =>
      read<OperationDescriptor>('operation', `descriptors/operations/${id}.json`),
    ),
  }
}
