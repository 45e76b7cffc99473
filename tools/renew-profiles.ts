// The API's discovery document -> schemas/profiles/api.schema.json: the revision that is part of the package, pruned
// to jobs and tables, without the texts. `node tools/renew-profiles.ts [URL or FILE]`
import { readFileSync, writeFileSync } from 'node:fs'
import { type Definitions, definitionsOf, reachableFrom } from '../src/browse/definitions.ts'

const usualSource = 'https://bigquery.googleapis.com/discovery/v1/apis/bigquery/v2/rest'
const target = new URL('../schemas/profiles/api.schema.json', import.meta.url)

const source = process.argv[2] ?? usualSource
const text = /^https?:/.test(source) ? await (await fetch(source)).text() : readFileSync(source, 'utf8')
const discovery = JSON.parse(text)
const definitions = definitionsOf(discovery, source)
const kept = reachableFrom([definitions['Job'], definitions['Table']], definitions)
const head = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'https://bigquery-connector.dev/schemas/profiles/api.schema.json',
  title: `Resources of the BigQuery API v2, revision ${discovery.revision}`,
}
writeFileSync(
  target,
  lines(head, { ...kept, Job: definitions['Job'] ?? {}, Table: definitions['Table'] ?? {} }),
)

/** One definition a line, so that a renewal shows what has changed. */
function lines(head: object, definitions: Definitions): string {
  const each = Object.entries(definitions)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, schema]) => `    ${JSON.stringify(name)}: ${JSON.stringify(schema, withoutText)}`)
  const words = Object.entries(head).map(([word, value]) => `  "${word}": ${JSON.stringify(value)},\n`)
  return `{\n${words.join('')}  "$defs": {\n${each.join(',\n')}\n  }\n}\n`
}

/** A property may be named description, too. */
function withoutText(key: string, value: unknown): unknown {
  return key === 'description' && typeof value === 'string' ? undefined : value
}
