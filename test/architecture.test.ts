// The house rules that a compiler does not check: who may import whom, and what the data files obey.
import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import type { BrowseScope, ProfileScope } from '../src/contract/connection.ts'
import { lintDescriptor } from '../src/descriptor/lint.ts'
import { optionTypes } from '../tools/option-types.ts'

const root = new URL('../', import.meta.url)

const libraries = [
  'contract',
  'errors.ts',
  'descriptor',
  'encoding',
  'mapping',
  'bigquery',
  'connection',
  'browse',
  'pipeline',
  'tracking',
  'telemetry',
]

// A room may import itself and what stands beside it. `room/file.ts` allows that one file alone.
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'errors.ts': [],
  contract: ['errors.ts'],
  descriptor: ['contract', 'errors.ts'],
  encoding: ['contract', 'errors.ts'],
  mapping: ['contract', 'errors.ts'],
  bigquery: ['contract', 'errors.ts'],
  connection: ['contract', 'errors.ts', 'descriptor', 'bigquery/transport.ts', 'bigquery/http-message.ts'],
  browse: ['contract', 'errors.ts', 'bigquery', 'encoding'],
  pipeline: ['contract', 'errors.ts', 'encoding'],
  tracking: ['contract', 'errors.ts'],
  telemetry: ['contract', 'errors.ts'],
  operations: libraries,
  'connector.ts': [...libraries, 'operations'],
  'index.ts': [...libraries, 'operations', 'connector.ts'],
  local: [],
  hosts: ['index.ts', 'local/index.ts'],
  studio: ['index.ts', 'local/index.ts'],
  cli: ['index.ts', 'local/index.ts'],
}

/** Of BrowseScope and ProfileScope. */
const scopeParameters: readonly (keyof BrowseScope | keyof ProfileScope)[] = [
  'columns',
  'datasetId',
  'decimals',
  'deleteColumn',
  'depth',
  'discovery',
  'input',
  'integers',
  'keyColumns',
  'limit',
  'orderColumn',
  'projectIdOverride',
  'query',
  'resourceType',
  'search',
]

const importOf = /\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g

const roomOf = (file: string): string => file.split('/', 1)[0] ?? file

/** `file -> import` for each import that the table does not allow. */
function violationsIn(file: string, text: string): string[] {
  const room = roomOf(file)
  const allowed = mayImport[room]
  return [...text.matchAll(importOf)].flatMap(([, specifier = '']) => {
    const target = posix.normalize(posix.join(posix.dirname(file), specifier))
    const isAllowed =
      roomOf(target) === room || allowed?.includes(roomOf(target)) || allowed?.includes(target)
    return isAllowed ? [] : [`${file} -> ${target}`]
  })
}

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith(ending) && !file.split('/').includes('node_modules'))
    .sort()
}

const readText = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const readJson = (path: string) => JSON.parse(readText(path))

describe('rooms', () => {
  const files = filesBelow('src/', '.ts')

  it('import only the rooms that the table allows', () => {
    const violations = files.flatMap((file) => violationsIn(file, readText(`src/${file}`)))

    expect(violations).toEqual([])
  })

  it('all stand in the table', () => {
    const strangers = files.filter((file) => !(roomOf(file) in mayImport))

    expect(strangers).toEqual([])
  })

  it.each([
    ['pipeline/send.ts', `import { refusal } from '../bigquery/classify.ts'`, 'bigquery/classify.ts'],
    ['connection/x.ts', `import type { A } from '../bigquery/insert-all.ts'`, 'bigquery/insert-all.ts'],
    ['local/jobs/job.ts', `export type { A } from '../../errors.ts'`, 'errors.ts'],
    ['cli/commands/run.ts', `const x = await import('../../connector.ts')`, 'connector.ts'],
    ['hosts/node-red/x.ts', `import '../../local/storage/pool.ts'`, 'local/storage/pool.ts'],
    ['encoding/x.ts', `import {\n  a,\n} from '../descriptor/resolve.ts'`, 'descriptor/resolve.ts'],
  ])('are told apart by the rule itself: %s may not say %s', (file, text, target) => {
    expect(violationsIn(file, text)).toEqual([`${file} -> ${target}`])
  })

  it.each([
    ['connection/grants/x.ts', `import type { Http } from '../../bigquery/transport.ts'`],
    ['cli/main.ts', `import { createConnector } from '../index.ts'`],
    ['cli/commands/local.ts', `import { startLocalBigQuery } from '../../local/index.ts'`],
    ['local/jobs/job.ts', `import { pool } from '../storage/pool.ts'`],
    ['operations/x.ts', `import { a } from '../connection/store/store.ts'`],
    ['bigquery/x.ts', `import { request } from 'undici'`],
  ])('are told apart by the rule itself: %s may say %s', (file, text) => {
    expect(violationsIn(file, text)).toEqual([])
  })
})

describe('schemas', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  const schemas = filesBelow('schemas/', '.json')
  for (const schema of schemas) ajv.addSchema(readJson(`schemas/${schema}`), `schemas/${schema}`)

  it.each(schemas)('%s compiles', (schema) => {
    expect(ajv.getSchema(`schemas/${schema}`)).toBeTypeOf('function')
  })
})

describe('descriptors', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  const language = readJson('schemas/descriptor.schema.json')
  ajv.addSchema(language)
  const files = filesBelow('descriptors/', '.json')
  const kindOf = (file: string): string =>
    file.includes('/') ? roomOf(file).replace(/s$/, '') : file.replace('.json', '')

  it.each(files)('%s obeys its part of schemas/descriptor.schema.json', (file) => {
    const obeys = ajv.validate(`${language.$id}#/$defs/${kindOf(file)}`, readJson(`descriptors/${file}`))

    expect(obeys ? [] : ajv.errors).toEqual([])
  })

  it.each(files)('%s points an editor at the schema that it obeys', (file) => {
    const { $schema } = readJson(`descriptors/${file}`)

    expect(posix.join('descriptors', posix.dirname(file), $schema)).toBe(
      `schemas/descriptor.schema.json#/$defs/${kindOf(file)}`,
    )
  })

  it('are all listed in connector.json, under the names of their files', () => {
    const { connections, operations } = readJson('descriptors/connector.json')
    const named = [
      ...connections.map((id: string) => `connections/${id}.json`),
      ...operations.map((id: string) => `operations/${id}.json`),
    ]

    expect([...named, 'connector.json'].sort()).toEqual(files)
    for (const file of named) expect(readJson(`descriptors/${file}`).id).toBe(posix.basename(file, '.json'))
  })

  it.each(files)('%s holds together: names lead somewhere, values are allowed where they stand', (file) => {
    expect(lintDescriptor(readJson(`descriptors/${file}`))).toEqual([])
  })

  const operations = files.filter((file) => file.startsWith('operations/'))

  it.each(operations)('%s lets a flow stop at the first refused document, unasked it goes on', (file) => {
    const { returnApplicationErrors } = readJson(`descriptors/${file}`).options.properties

    expect(returnApplicationErrors).toMatchObject({ type: 'boolean', default: true })
  })

  it.each(operations)('%s asks for nothing that browse and profile do not know', (file) => {
    const { scope = { properties: {} } } = readJson(`descriptors/${file}`)

    for (const name of Object.keys(scope.properties)) expect(scopeParameters).toContain(name)
  })

  it('say where each field stands, wherever a form has groups', () => {
    const lost = files
      .flatMap((file) => Object.values(readJson(`descriptors/${file}`)) as { properties?: object }[])
      .filter((form) => 'x-groups' in Object(form))
      .flatMap(({ properties = {} }) => Object.entries(properties))
      .filter(([name, field]) => name !== 'objectType' && !('x-group' in field && 'x-order' in field))

    expect(lost.map(([name]) => name)).toEqual([])
  })

  it('have their types in src/contract/options as `npm run generate` writes them', () => {
    const written = filesBelow('src/contract/options/', '.ts').map((file) => `src/contract/options/${file}`)
    const current = Object.fromEntries(optionTypes())

    expect(Object.fromEntries(written.map((path) => [path, readText(path)]))).toEqual(current)
  })

  it('carry the version of the package', () => {
    expect(readJson('descriptors/connector.json').version).toBe(readJson('package.json').version)
  })
})
