// Any descriptor -> everything that is wrong with it: what the language refuses, and what shows only when its parts
// are looked at together.
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import type { JsonSchema } from '../contract/profile.ts'
import type { Fault } from '../errors.ts'
import { lintCondition, lintForm } from './lint-form.ts'
import { readLanguage } from './load.ts'

type Node = { readonly [name: string]: unknown }

/**
 * Checks the descriptor of a connector, of a connection kind or of an operation: a file as in `descriptors`, or the
 * whole as a connector hands it out.
 * @returns faults with JSON pointers; none for a sound one.
 */
export function lintDescriptor(descriptor: unknown): readonly Fault[] {
  const kind = kindOf(descriptor)
  if (kind === undefined) {
    const message =
      'must be a descriptor: of a connector (with operations), a connection (with config) or an operation (with options)'
    return [{ path: '', message }]
  }
  const language = readLanguage()
  const faults = structureFaults(kind, descriptor, language)
  for (const [path, part] of partsOf(descriptor as Node)) faults.push(...lintPart(path, part))
  return faults.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

type Kind = 'connector' | 'whole' | 'connection' | 'operation'

function kindOf(descriptor: unknown): Kind | undefined {
  if (!isNode(descriptor)) return undefined
  const { operations, connections, options, config } = descriptor
  if (operations !== undefined) {
    const isWhole = [operations, connections].some((parts) => Array.isArray(parts) && parts.some(isNode))
    return isWhole ? 'whole' : 'connector'
  }
  if (options !== undefined) return 'operation'
  return config === undefined ? undefined : 'connection'
}

/** The descriptor itself, and those of connections and operations that stand in it. */
function partsOf(descriptor: Node): [path: string, part: Node][] {
  const nested = ['connections', 'operations'].flatMap((name) => {
    const parts = descriptor[name]
    return (Array.isArray(parts) ? parts : []).map((part, at): [string, unknown] => [`/${name}/${at}`, part])
  })
  return [['', descriptor], ...nested.filter((part): part is [string, Node] => isNode(part[1]))]
}

function lintPart(path: string, part: Node): Fault[] {
  const { options, facts } = part
  const forms = ['config', 'options', 'scope'].flatMap((name) => {
    const form = part[name]
    return isNode(form) ? lintForm(`${path}/${name}`, form) : []
  })
  const variants = isNode(facts) && Array.isArray(facts['variants']) ? facts['variants'] : []
  const conditions = variants.flatMap((variant, at) =>
    isNode(variant) && isNode(options)
      ? lintCondition(`${path}/facts/variants/${at}/when`, variant['when'], options)
      : [],
  )
  return [...forms, ...conditions]
}

function structureFaults(kind: Kind, descriptor: unknown, language: JsonSchema): Fault[] {
  const ajv = new Ajv2020({ allErrors: true, strict: false, verbose: true }).addSchema(language)
  const validate = ajv.getSchema(`${language['$id']}#/$defs/${kind}`)
  if (validate === undefined || validate(descriptor)) return []
  return (validate.errors ?? []).flatMap(faultOf)
}

function faultOf(error: ErrorObject): Fault[] {
  const { keyword, instancePath, propertyName, params, schema, parentSchema, data, message } = error
  switch (keyword) {
    // What failed within says more.
    case 'if':
    case 'propertyNames':
      return []
    case 'required':
      return [{ path: `${instancePath}/${params['missingProperty']}`, message: 'is missing' }]
    case 'dependentRequired':
      return [
        {
          path: `${instancePath}/${params['missingProperty']}`,
          message: `is needed beside ${params['property']}`,
        },
      ]
    case 'additionalProperties': {
      const known = Object.keys((parentSchema?.['properties'] ?? {}) as object)
      return [
        {
          path: `${instancePath}/${params['additionalProperty']}`,
          message: `is unknown; known are ${known.join(', ')}`,
        },
      ]
    }
    case 'enum': {
      const allowed = (schema as readonly unknown[]).join(', ')
      // A name is where a value usually stands.
      return propertyName === undefined
        ? [{ path: instancePath, value: data, message: `must be one of ${allowed}` }]
        : [{ path: `${instancePath}/${propertyName}`, message: `is unknown; known are ${allowed}` }]
    }
    case 'const':
      return [{ path: instancePath, value: data, message: `must be ${JSON.stringify(schema)}` }]
    case 'type':
      return [{ path: instancePath, value: data, message: `must be of type ${[schema].flat().join(' or ')}` }]
    default:
      return [{ path: instancePath, value: data, message: message ?? 'is not allowed' }]
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
