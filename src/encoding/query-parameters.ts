// Values for the parameters of a statement -> the API's typed parameters.
// https://cloud.google.com/bigquery/docs/parameterized-queries
import { ConnectorError, type Fault } from '../errors.ts'

interface ParameterType {
  readonly type: string
  readonly arrayType?: ParameterType
  readonly structTypes?: readonly { readonly name: string; readonly type: ParameterType }[]
}

interface ParameterValue {
  readonly value?: string | null
  readonly arrayValues?: readonly ParameterValue[]
  readonly structValues?: Readonly<Record<string, ParameterValue>>
}

export interface QueryParameter {
  readonly name?: string
  readonly parameterType: ParameterType
  readonly parameterValue: ParameterValue
}

type Typed = Pick<QueryParameter, 'parameterType' | 'parameterValue'>

/**
 * An object: parameters by name (`@name`). A list: by position (`?`). A value has the type that shows: text is
 * STRING, a whole number INT64, any other FLOAT64, a list ARRAY, an object STRUCT; and any type as
 * `{ type: 'DATE', value: '2026-11-21' }` or `{ type: 'ARRAY<DATE>', value: [] }`, which null and the empty
 * list need.
 * @throws ConnectorError `BQC_DOCUMENT_INVALID` that carries every fault.
 */
export function queryParametersOf(parameters: unknown): readonly QueryParameter[] {
  const faults: Fault[] = []
  const read = (value: unknown, key: string | number): Typed[] => {
    try {
      return [typedOf(value, `/parameters/${key}`)]
    } catch (thrown) {
      if (!(thrown instanceof Untyped)) throw thrown
      faults.push(thrown.fault)
      return []
    }
  }
  const typed = Array.isArray(parameters)
    ? parameters.flatMap(read)
    : Object.entries(objectOf(parameters)).flatMap(([name, value]) =>
        read(value, name).map((one) => ({ name, ...one })),
      )
  if (faults.length === 0) return typed
  const said = faults.map(({ path, message }) => `${path} ${message}`).join('; ')
  throw new ConnectorError('BQC_DOCUMENT_INVALID', `Parameters have no type: ${said}.`, { faults })
}

class Untyped extends Error {
  readonly fault: Fault
  constructor(path: string, message: string) {
    super(message)
    this.fault = { path, message }
  }
}

function objectOf(parameters: unknown): Readonly<Record<string, unknown>> {
  if (typeof parameters === 'object' && parameters !== null) return parameters as Record<string, unknown>
  const message = 'must be an object, by name, or a list, by position'
  throw new ConnectorError('BQC_DOCUMENT_INVALID', `/parameters ${message}.`, {
    faults: [{ path: '/parameters', message }],
  })
}

function typedOf(value: unknown, path: string): Typed {
  switch (typeof value) {
    case 'string':
      return scalar('STRING', value)
    case 'boolean':
      return scalar('BOOL', value)
    case 'bigint':
      return scalar('INT64', value)
    case 'number':
      return scalar(Number.isSafeInteger(value) ? 'INT64' : 'FLOAT64', value)
    case 'object':
      if (value instanceof Date) return scalar('TIMESTAMP', value.toISOString())
      if (value instanceof Uint8Array) return scalar('BYTES', Buffer.from(value).toString('base64'))
      if (Array.isArray(value)) return arrayOf(value, path)
      if (value !== null) return isNamed(value) ? named(value, path) : struct(value, path)
  }
  throw new Untyped(path, 'must name its type: { "type": "STRING", "value": null }')
}

function scalar(type: string, value: unknown): Typed {
  return { parameterType: { type }, parameterValue: { value: String(value) } }
}

interface Named {
  readonly type: string
  readonly value: unknown
}

function isNamed(value: object): value is Named {
  return (
    'type' in value && typeof value.type === 'string' && 'value' in value && Object.keys(value).length === 2
  )
}

function named({ type, value }: Named, path: string): Typed {
  const [, element] = /^\s*ARRAY\s*<\s*([A-Za-z0-9]+)\s*>\s*$/i.exec(type) ?? []
  if (element === undefined) return { parameterType: { type }, parameterValue: valueAs(type, value, path) }
  if (!Array.isArray(value)) throw new Untyped(path, `must be a list: its type is ${type}`)
  return {
    parameterType: { type: 'ARRAY', arrayType: { type: element } },
    parameterValue: { arrayValues: value.map((item) => valueAs(element, item, path)) },
  }
}

/** A value whose type is given. */
function valueAs(type: string, value: unknown, path: string): ParameterValue {
  if (value === null) return { value: null }
  if (type.toUpperCase() === 'JSON')
    return { value: typeof value === 'string' ? value : JSON.stringify(value) }
  if (typeof value !== 'object') return { value: String(value) }
  const { parameterValue } = typedOf(value, path)
  if (parameterValue.value !== undefined) return parameterValue
  throw new Untyped(path, `must be one value: its type is ${type}`)
}

function arrayOf(values: readonly unknown[], path: string): Typed {
  const items = values.map((value, at) => typedOf(value, `${path}/${at}`))
  const types = new Map(items.map(({ parameterType }) => [JSON.stringify(parameterType), parameterType]))
  const [type, other] = types.values()
  if (type === undefined)
    throw new Untyped(path, 'must name its type: { "type": "ARRAY<STRING>", "value": [] }')
  const areNumbers = [...types.values()].every((one) => one.type === 'INT64' || one.type === 'FLOAT64')
  if (other !== undefined && !areNumbers) throw new Untyped(path, 'must hold values of one type')
  return {
    parameterType: { type: 'ARRAY', arrayType: other === undefined ? type : { type: 'FLOAT64' } },
    parameterValue: { arrayValues: items.map(({ parameterValue }) => parameterValue) },
  }
}

function struct(value: object, path: string): Typed {
  const fields = Object.entries(value).map(([name, member]) => ({
    name,
    ...typedOf(member, `${path}/${name}`),
  }))
  return {
    parameterType: {
      type: 'STRUCT',
      structTypes: fields.map(({ name, parameterType }) => ({ name, type: parameterType })),
    },
    parameterValue: {
      structValues: Object.fromEntries(fields.map(({ name, parameterValue }) => [name, parameterValue])),
    },
  }
}
