// What is wrong within a form beyond its structure: words that JSON Schema does not have, values that a field does
// not allow, and names that lead nowhere.
import type { Ajv2020 } from 'ajv/dist/2020.js'
import type { Fault } from '../errors.ts'
import { ajvOfForms } from './resolve.ts'

type Node = { readonly [name: string]: unknown }
type Fields = Readonly<Record<string, Node>>

/** @param path where the form stands, as a JSON pointer. */
export function lintForm(path: string, form: Node): Fault[] {
  const fields = nodesOf(form['properties'])
  const ajv = ajvOf(form, fields)
  return [
    ...compileFaults(ajv, path, { ...form, properties: {} }),
    ...groupFaults(path, form, fields),
    ...strangerFaults(path, form, fields),
    ...Object.entries(fields).flatMap(([name, field]) => {
      const at = `${path}/properties/${pointerOf(name)}`
      const broken = compileFaults(ajv, at, field)
      return broken.length > 0 ? broken : fieldFaults(ajv, at, field, fields)
    }),
  ]
}

/** A condition that stands elsewhere, and looks at the fields of the form. */
export function lintCondition(path: string, condition: unknown, form: Node): Fault[] {
  const fields = nodesOf(form['properties'])
  return conditionFaults(ajvOf(form, fields), path, nodeOf(condition), fields)
}

function ajvOf(form: Node, fields: Fields): Ajv2020 {
  const ajv = ajvOfForms({ strict: true, strictTypes: false, strictRequired: false })
  // Hints are for the language's own schema to judge.
  const hints = [form, ...Object.values(fields)].flatMap(Object.keys).filter((word) => word.startsWith('x-'))
  ajv.addVocabulary([...new Set(['x-reason', 'x-pattern-help', ...hints])])
  return ajv
}

function compileFaults(ajv: Ajv2020, path: string, schema: Node): Fault[] {
  try {
    ajv.compile(schema)
    return []
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message.replace(/^strict mode: /, '') : String(thrown)
    return [{ path, message: `is not JSON Schema as it should be: ${why}` }]
  }
}

function groupFaults(path: string, form: Node, fields: Fields): Fault[] {
  const groups = listOf(form['x-groups']).flatMap((group) => (isNode(group) ? [group['id']] : []))
  const used = new Set(Object.values(fields).map((field) => field['x-group']))
  const empty = groups.flatMap((id, at) =>
    used.has(id) ? [] : [{ path: `${path}/x-groups/${at}`, value: id, message: 'is a group without fields' }],
  )
  const lost = Object.entries(fields).flatMap(([name, { 'x-group': id }]) =>
    id === undefined || groups.includes(id)
      ? []
      : [
          {
            path: `${path}/properties/${pointerOf(name)}/x-group`,
            value: id,
            message:
              groups.length > 0
                ? `must be one of x-groups: ${groups.join(', ')}`
                : 'needs x-groups in the form',
          },
        ],
  )
  return [...empty, ...lost]
}

/** Conditions and requirements that speak of fields which the form does not have. */
function strangerFaults(path: string, part: unknown, fields: Fields, isTop = true): Fault[] {
  if (Array.isArray(part)) {
    return part.flatMap((item, at) => strangerFaults(`${path}/${at}`, item, fields, false))
  }
  if (!isNode(part)) return []
  const named = isTop
    ? []
    : Object.keys(nodesOf(part['properties'])).map((name) => [`properties/${name}`, name])
  const required = listOf(part['required']).map((name, at) => [`required/${at}`, name])
  const strangers = [...named, ...required].flatMap(([at, name]) =>
    String(name) in fields
      ? []
      : [{ path: `${path}/${at}`, value: name, message: 'must be a field of the form' }],
  )
  const within = ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else'].flatMap((word) =>
    strangerFaults(`${path}/${word}`, part[word], fields, false),
  )
  return [...strangers, ...within]
}

function fieldFaults(ajv: Ajv2020, path: string, field: Node, fields: Fields): Fault[] {
  const fits = ajv.compile(field)
  const unfit = (at: string, value: unknown): Fault[] =>
    fits(value) ? [] : [{ path: `${path}/${at}`, value, message: 'is not what the field itself allows' }]
  const presets = listOf(field['x-presets']).map((preset) => (isNode(preset) ? preset['value'] : preset))
  return [
    ...('default' in field ? unfit('default', field['default']) : []),
    ...listOf(field['examples']).flatMap((value, at) => unfit(`examples/${at}`, value)),
    ...presets.flatMap((value, at) => unfit(`x-presets/${at}/value`, value)),
    ...listOf(field['oneOf']).flatMap((one, at) =>
      isNode(one) ? unfit(`oneOf/${at}/const`, one['const']) : [],
    ),
    ...conditionFaults(ajv, `${path}/x-visible-when`, nodeOf(field['x-visible-when']), fields),
    ...scopeFaults(`${path}/x-lookup/scope`, nodeOf(nodeOf(field['x-lookup'])['scope']), fields),
  ]
}

function conditionFaults(ajv: Ajv2020, path: string, condition: Node, fields: Fields): Fault[] {
  return Object.entries(condition).flatMap(([name, values]) => {
    const at = `${path}/${pointerOf(name)}`
    const field = fields[name]
    if (field === undefined) return [{ path: at, message: 'must be a field of the form' }]
    if (compileFaults(ajv, at, field).length > 0) return []
    const fits = ajv.compile(field)
    return listOf(values).flatMap((value, index) =>
      fits(value) ? [] : [{ path: `${at}/${index}`, value, message: `is no value of ${name}` }],
    )
  })
}

function scopeFaults(path: string, scope: Node, fields: Fields): Fault[] {
  return Object.entries(scope).flatMap(([parameter, name]) =>
    String(name) in fields
      ? []
      : [{ path: `${path}/${parameter}`, value: name, message: 'must be a field of the form' }],
  )
}

function pointerOf(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function nodeOf(value: unknown): Node {
  return isNode(value) ? value : {}
}

function nodesOf(value: unknown): Fields {
  return Object.fromEntries(Object.entries(nodeOf(value)).filter(([, node]) => isNode(node))) as Fields
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
