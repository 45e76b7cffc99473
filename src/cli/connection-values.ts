// The values of a connection as a person gives them: a JSON file or stdin, and single fields.
import { dirname, resolve } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { type ConnectionValues, ConnectorError, createConnector } from '../index.ts'
import { parseJson, readJsonFile } from './json-file.ts'

/** Values, and the directory that their relative `file:` references start from. */
export interface GivenValues {
  readonly values: ConnectionValues
  readonly directory: string
}

/** A connection file, or a key file or credential file of Google's; `-` reads stdin. */
export async function readConnectionFile(path: string): Promise<GivenValues> {
  const { content, directory } = await readJsonInput(path)
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) {
    return { values: asConnection({ ...content }), directory }
  }
  throw new ConnectorError(
    'BQC_CONFIG_INVALID',
    `${path === '-' ? 'stdin' : path} is neither a connection file nor the JSON key file of a service account: it is no JSON object.`,
  )
}

/** JSON of a file, or of stdin for `-`, and the directory that its relative paths start from. */
export async function readJsonInput(path: string): Promise<{ content: unknown; directory: string }> {
  if (path !== '-') return { content: await readJsonFile(path, 'connection file'), directory: dirname(path) }
  return {
    content: parseJson(await readText(process.stdin), 'connection on stdin'),
    directory: process.cwd(),
  }
}

/**
 * What `--file` and `--set` give together; a field that is set counts.
 * @throws ConnectorError where more than one of them is to come on stdin.
 */
export async function readGiven(
  { file, set = {} }: { readonly file?: string; readonly set?: Readonly<Record<string, string>> },
  kind: string | undefined,
): Promise<GivenValues> {
  const onStdin = [
    ...(file === '-' ? ['--file'] : []),
    ...Object.keys(set).filter((name) => set[name] === '-'),
  ]
  if (onStdin.length > 1) {
    throw new ConnectorError(
      'BQC_CONFIG_INVALID',
      `Only one of ${onStdin.join(', ')} can come on stdin. Use --file for the others, or references.`,
    )
  }
  const given = file === undefined ? { values: {}, directory: process.cwd() } : await readConnectionFile(file)
  return { ...given, values: { ...given.values, ...(await typedFields(set, kind)) } }
}

/** Collects `--set` flags. */
export function collectField(text: string, collected: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=')
  // Not as the parser's own error, which would repeat the text: it may be a secret.
  if (at < 1)
    throw new ConnectorError(
      'BQC_CONFIG_INVALID',
      'The form of --set is FIELD=VALUE, such as projectId=my-project.',
    )
  return { ...collected, [text.slice(0, at)]: text.slice(at + 1) }
}

interface Field {
  readonly type?: string | readonly string[]
  readonly 'x-secret'?: boolean
}

/**
 * Reads each value as the descriptor of the kind wants it; `-` stands for what comes on stdin.
 * @throws ConnectorError for a secret that stands on the command line itself.
 */
async function typedFields(
  fields: Readonly<Record<string, string>>,
  kind: string | undefined,
): Promise<ConnectionValues> {
  const { connections } = createConnector().descriptor
  const form = (connections.find(({ id }) => id === kind) ?? connections[0])?.config ?? {}
  const known = form['properties'] as Readonly<Record<string, Field>>
  const values: [string, unknown][] = []
  for (const [name, text] of Object.entries(fields)) {
    const isSecret = known[name]?.['x-secret'] === true
    if (isSecret && !/^(-$|env:|file:)/.test(text)) throw secretInSight(name)
    const written = isSecret ? inPlace(text) : text
    const given = text === '-' ? (await readText(process.stdin)).replace(/\r?\n$/, '') : written
    values.push([name, typed(given, [known[name]?.type ?? []].flat())])
  }
  // Also a field called __proto__, which is then refused by its name.
  return Object.fromEntries(values)
}

/** What is typed is relative to where it is typed, also beside a file that stands elsewhere. */
function inPlace(text: string): string {
  return /^file:./.test(text) ? `file:${resolve(text.slice('file:'.length))}` : text
}

function typed(text: string, types: readonly string[]): unknown {
  if (types.includes('integer') && /^-?\d+$/.test(text)) return Number(text)
  if (types.includes('boolean') && /^(true|false)$/.test(text)) return text === 'true'
  if (types.includes('object') && text.trimStart().startsWith('{')) return parseJson(text, 'value')
  if (types.includes('array') && text.trimStart().startsWith('[')) return parseJson(text, 'value')
  return text
}

function secretInSight(name: string): ConnectorError {
  return new ConnectorError(
    'BQC_CONFIG_INVALID',
    `${name} is a secret, and the command line is no place for it: others can see it there, and the shell remembers it. Use --set ${name}=- to read it from stdin, ${name}=env:NAME or ${name}=file:PATH to refer to it, or --file.`,
  )
}

/** Google's own files say what a connection needs: key files all of it, credential files all but the project. */
function asConnection(values: Record<string, unknown>): Record<string, unknown> {
  const { type, project_id: projectId, quota_project_id: payer } = values
  if (type === 'service_account') return { grant: 'jwt-bearer', projectId, serviceAccountKey: values }
  if (typeof type !== 'string' || !credentialTypes.has(type)) return values
  return { grant: 'application-default', credentials: values, ...(payer ? { projectId: payer } : {}) }
}

const credentialTypes: ReadonlySet<string> = new Set([
  'authorized_user',
  'external_account',
  'external_account_authorized_user',
  'impersonated_service_account',
])
