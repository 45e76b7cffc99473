// bqc describe: what a host's forms show.
import { Command } from 'commander'
import { ConnectorError, createConnector, type JsonSchema, lintDescriptor } from '../../index.ts'
import { errorTables } from '../error-tables.ts'
import { exitCodes } from '../exit.ts'
import { counted, table } from '../format.ts'
import { readJsonFile } from '../json-file.ts'

export function describeCommand(): Command {
  return new Command('describe')
    .description('shows the connector, one of its operations or connection kinds, or its error codes')
    .argument('[name]', 'an operation (such as upsert), a connection kind (bigquery) or errors')
    .option('--json', 'the descriptor itself', false)
    .option('--lint <file>', 'checks a descriptor file instead')
    .action(describe)
}

interface DescribeOptions {
  readonly json: boolean
  readonly lint?: string
}

async function describe(name: string | undefined, { json, lint }: DescribeOptions): Promise<void> {
  if (lint !== undefined) {
    if (name !== undefined) throw new ConnectorError('BQC_CONFIG_INVALID', 'Give a name, or --lint FILE.')
    return lintFile(lint, json)
  }
  const { descriptor } = createConnector()
  const { label, version, help, operations, connections } = descriptor
  const print = (shown: unknown, text: () => string) =>
    process.stdout.write(json ? `${JSON.stringify(shown, null, 2)}\n` : `${text()}\n`)

  if (name === undefined) {
    const rows = [...operations, ...connections].map((part) => [part.id, part.label, part.help])
    print(descriptor, () => `${label} ${version}\n${help}\n${form(['name', 'label', 'what it is'], rows)}`)
    return
  }
  if (name === 'errors') {
    const { errors, answers } = descriptor
    print({ errors, answers }, () => errorTables(descriptor, lineWidth()))
    return
  }
  const operation = operations.find(({ id }) => id === name)
  const connection = connections.find(({ id }) => id === name)
  const found = operation ?? connection
  if (found === undefined) {
    const known = [...[...operations, ...connections].map(({ id }) => id), 'errors'].join(', ')
    throw new ConnectorError(
      'BQC_CONFIG_INVALID',
      `Nothing is named ${JSON.stringify(name)}. Known are ${known}.`,
    )
  }
  const fields = fieldsOf(operation?.options ?? connection?.config ?? {})
  print(
    found,
    () => `${found.label}\n${found.help}\n${form(['option', 'type', 'default', 'meaning'], fields)}`,
  )
}

async function lintFile(path: string, json: boolean): Promise<void> {
  const faults = lintDescriptor(await readJsonFile(path, 'descriptor'))
  const verdict = faults.length === 0 ? 'is sound' : `has ${counted(faults.length, 'fault')}`
  const lines = faults.map((fault) => {
    const found = fault.value === undefined ? '' : `, not ${JSON.stringify(fault.value)}`
    return `${fault.path || '/'} ${fault.message}${found}\n`
  })
  process.stdout.write(
    json ? `${JSON.stringify({ faults }, null, 2)}\n` : `${lines.join('')}${path} ${verdict}\n`,
  )
  if (faults.length > 0) process.exitCode = exitCodes.someDidNot
}

/** In the order of a host's form: what stands above the groups, then group by group. */
function fieldsOf(schema: JsonSchema): string[][] {
  const properties = schema['properties'] as Record<string, JsonSchema>
  const required = (schema['required'] ?? []) as readonly string[]
  const groups = ((schema['x-groups'] ?? []) as readonly { readonly id: string }[]).map(({ id }) => id)
  const placeOf = (field: JsonSchema) => [
    groups.indexOf(String(field['x-group'])),
    Number(field['x-order'] ?? Number.MAX_SAFE_INTEGER),
  ]
  const fields = Object.entries(properties).sort(([, a], [, b]) => {
    const [group = 0, order = 0] = placeOf(a)
    const [otherGroup = 0, otherOrder = 0] = placeOf(b)
    return group - otherGroup || order - otherOrder
  })
  return fields.map(([name, field]) => [
    required.includes(name) ? `${name} *` : name,
    allowed(field),
    field['default'] === undefined ? '' : JSON.stringify(field['default']),
    `${field['description']}${labels(field)}${perDocument(field)}`,
  ])
}

function labels({ oneOf = [] }: JsonSchema): string {
  const values = oneOf as readonly { const: unknown; title: string; description?: string }[]
  return values
    .map((one) => ` ${one.const}: ${one.title}.${one.description ? ` ${one.description}` : ''}`)
    .join('')
}

function perDocument({ 'x-per-document': per }: JsonSchema): string {
  if (per === 'only') return ' Only documents have it, as a property.'
  return per === true ? " A document's property of this name goes before it." : ''
}

function allowed({ type, enum: values, oneOf, minimum, maximum }: JsonSchema): string {
  if (values !== undefined) return (values as readonly string[]).join(', ')
  if (oneOf !== undefined) return (oneOf as readonly { const: string }[]).map((one) => one.const).join(', ')
  const name = [type].flat().join(' or ')
  if (minimum === undefined) return name
  return maximum === undefined ? `${name}, at least ${minimum}` : `${name}, ${minimum} to ${maximum}`
}

/** A table as wide as the terminal, its last column wrapped. */
function form(names: readonly string[], rows: readonly (readonly string[])[]): string {
  return table(names, rows, lineWidth())
}

function lineWidth(): number {
  return process.stdout.columns ?? 120
}
