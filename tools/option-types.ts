// The forms of the descriptors -> the TypeScript types of the values they resolve to, in src/contract/options.
// `npm run generate` writes them; test/architecture.test.ts fails while they are not current.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

type Field = {
  readonly description: string
  readonly type: string | readonly string[]
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly oneOf?: readonly {
    readonly const: unknown
    readonly title: string
    readonly description?: string
  }[]
  readonly items?: Field
  readonly additionalProperties?: Field | boolean
  readonly 'x-per-document'?: true | 'only'
}

type Form = {
  readonly properties: Readonly<Record<string, Field>>
  readonly required?: readonly string[]
}

const root = new URL('../', import.meta.url)
const folder = 'src/contract/options/'
const lineWidth = 110

const readJson = (path: string) => JSON.parse(readFileSync(new URL(path, root), 'utf8'))

/** Path -> content, of every file. */
export function optionTypes(): Map<string, string> {
  const { connections, operations } = readJson('descriptors/connector.json')
  const files = new Map<string, string>()
  for (const id of connections) {
    const source = `descriptors/connections/${id}.json`
    const of = `The values of a ${id} connection, resolved.`
    files.set(
      `${folder}${id}-connection.ts`,
      fileOf(source, `${pascal(id)}Connection`, of, readJson(source).config),
    )
  }
  for (const id of operations) {
    const source = `descriptors/operations/${id}.json`
    const { label, options } = readJson(source)
    files.set(`${folder}${id}.ts`, fileOf(source, nameOf(id), `The options of ${label}, resolved.`, options))
  }
  files.set(`${folder}operations.ts`, registryOf(operations))
  return files
}

function fileOf(source: string, name: string, about: string, { properties, required = [] }: Form): string {
  const fields = Object.entries(properties)
    .filter(([, field]) => field['x-per-document'] !== 'only')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => member(key, field, required.includes(key) || field.default !== undefined))
  return `${header(source)}/** ${about} */\nexport interface ${name} {\n${fields.join('')}}\n`
}

function member(name: string, field: Field, isPresent: boolean): string {
  const fallback = field.default === undefined ? '' : ` Default: ${JSON.stringify(field.default)}.`
  const labels = (field.oneOf ?? [])
    .map((one) => ` ${one.const}: ${one.title}.${one.description ? ` ${one.description}` : ''}`)
    .join('')
  const comment = `  /** ${`${field.description}${labels}${fallback}`.replaceAll('*/', '* /')} */\n`
  const start = `  readonly ${name}${isPresent ? '' : '?'}:`
  const types = typesOf(field)
  const line = `${start} ${types.join(' | ')}\n`
  return (
    comment +
    (line.length <= lineWidth + 1 ? line : `${start}\n${types.map((type) => `    | ${type}\n`).join('')}`)
  )
}

function typesOf({ type, enum: values, oneOf, items, additionalProperties }: Field): string[] {
  const allowed = values ?? oneOf?.map((one) => one.const)
  if (allowed !== undefined) return allowed.map(literal)
  return [type].flat().map((one) => {
    if (one === 'integer') return 'number'
    if (one === 'array') return `readonly ${items === undefined ? 'unknown' : grouped(typesOf(items))}[]`
    if (one !== 'object') return one
    const value =
      typeof additionalProperties === 'object' ? typesOf(additionalProperties).join(' | ') : 'unknown'
    return `{ readonly [name: string]: ${value} }`
  })
}

function grouped(types: readonly string[]): string {
  return types.length === 1 && !types[0]?.startsWith('readonly') ? `${types[0]}` : `(${types.join(' | ')})`
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replace(/['\\]/g, '\\$&')}'` : String(value)
}

function registryOf(operations: readonly string[]): string {
  const ids = [...operations].sort()
  const imports = ids.map((id) => `import type { ${nameOf(id)} } from './${id}.ts'\n`)
  const members = operations.map((id) => `  readonly '${id}': ${nameOf(id)}\n`)
  const about = '/** Each operation, and the options it resolves to. */\n'
  return `${header('descriptors/connector.json')}${imports.join('')}\n${about}export interface OperationOptions {\n${members.join('')}}\n`
}

function header(source: string): string {
  return `// Written from ${source} by \`npm run generate\`.\n`
}

function nameOf(id: string): string {
  return `${pascal(id)}Options`
}

function pascal(id: string): string {
  return id.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

if (import.meta.main) {
  rmSync(new URL(folder, root), { recursive: true, force: true })
  mkdirSync(new URL(folder, root))
  for (const [path, content] of optionTypes()) writeFileSync(new URL(path, root), content)
}
