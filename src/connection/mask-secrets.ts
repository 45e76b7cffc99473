// Keeps secrets out of what others say: an answer that quotes a token, a key or a form is masked before anybody
// reads it. Six characters of a secret in a row are enough to be masked.
import type { HttpRequest } from '../bigquery/http-message.ts'
import type { JsonSchema } from '../contract/profile.ts'
import { errorCatalogue } from '../errors.ts'
import { secretFields } from './store/secret-reference.ts'

/** Characters in a row that are taken for a part of a secret. A shorter secret is none. */
const tellingLength = 6

/** Text -> the text with `***` in place of each part of a secret. Nothing is prepared before the first call. */
export function createMask(secrets: readonly string[]): (text: string) => string {
  let telling: Telling | undefined
  return (text) => {
    telling ??= tellingOf(secrets.flatMap(spellingsOf))
    const rest = telling.wholes.reduce((masked, whole) => masked.replaceAll(whole, '***'), text)
    let masked = ''
    let from = 0
    for (const { start, end } of runsIn(rest, telling)) {
      masked += `${rest.slice(from, start)}***`
      from = end
    }
    return masked + rest.slice(from)
  }
}

/**
 * What masks an answer: the connection's own secrets, and the credentials that its request carried.
 * JSON stays JSON: its texts are masked one by one.
 */
export function createReplyMask(
  secrets: readonly string[],
): (text: string, request: Pick<HttpRequest, 'headers' | 'body'>) => string {
  // One mask for both, made again only when the token is another one.
  let mask = createMask(secrets)
  let known = ''
  return (text, request) => {
    const credentials = credentialsOf(request)
    const carried = credentials.join('\n')
    if (carried !== known) {
      mask = createMask([...secrets, ...credentials])
      known = carried
    }
    return maskText(text, mask)
  }
}

/** The secrets that a connection's values hold, as the texts that must not be seen. */
export function secretTexts(values: object, form: JsonSchema): string[] {
  const fields = form['properties'] as Readonly<Record<string, { readonly default?: unknown }>>
  return Object.entries(values)
    .filter(([name, value]) => secretFields(form).has(name) && value !== fields[name]?.default)
    .flatMap(([, secret]) => {
      const parsed = typeof secret === 'string' ? parseObject(secret) : secret
      return typeof parsed === 'object' && parsed !== null ? leavesOf(parsed) : [String(secret)]
    })
}

interface Telling {
  readonly wholes: readonly string[]
  /** Their parts, without those that ordinary words have too. */
  readonly grams: ReadonlySet<string>
  /** 1 for each pair of characters that a secret has, by their low bytes. */
  readonly pairs: Uint8Array
}

/** What error codes and messages are made of: `invalid_client` is no part of the secret `client-of-mine`. */
let ordinary: ReadonlySet<string> | undefined

function ordinaryText(): string {
  const codes =
    'access_denied invalid_client invalid_grant invalid_request invalid_scope invalid_target invalid_token ' +
    'unauthorized_client unsupported_grant_type server_error temporarily_unavailable client_secret ' +
    'refresh_token access_token authorization_code redirect_uri_mismatch Unauthorized Authorization Bearer ' +
    'notFound backendError internalError rateLimitExceeded quotaExceeded accessDenied forbidden required ' +
    'authError invalidQuery responseTooLarge resourcesExceeded PERMISSION_DENIED UNAUTHENTICATED NOT_FOUND ' +
    'INVALID_ARGUMENT FAILED_PRECONDITION credentials authentication'
  return [codes, ...Object.values(errorCatalogue).map(({ meaning, advice }) => `${meaning} ${advice}`)].join(
    ' ',
  )
}

function gramsOf(text: string): Set<string> {
  const count = Math.max(text.length - tellingLength + 1, 0)
  return new Set(Array.from({ length: count }, (_, at) => text.slice(at, at + tellingLength)))
}

function tellingOf(texts: readonly string[]): Telling {
  ordinary ??= gramsOf(ordinaryText())
  const grams = new Set<string>()
  const pairs = new Uint8Array(65_536)
  for (const text of texts) {
    for (let at = 0; at + tellingLength <= text.length; at += 1) {
      const gram = text.slice(at, at + tellingLength)
      if (ordinary.has(gram)) continue
      grams.add(gram)
      for (const step of [0, 2, 4]) pairs[pairAt(text, at + step)] = 1
    }
  }
  const wholes = [...new Set(texts)].filter(({ length }) => length >= tellingLength)
  return { wholes, grams, pairs }
}

function runsIn(text: string, { grams, pairs }: Telling): { start: number; end: number }[] {
  const runs: { start: number; end: number }[] = []
  if (grams.size === 0) return runs
  for (let at = 0; at + tellingLength <= text.length; at += 1) {
    // Pairs rule out nearly everything, so that an answer about many rows is no burden.
    if (!pairs[pairAt(text, at)] || !pairs[pairAt(text, at + 2)] || !pairs[pairAt(text, at + 4)]) continue
    if (!grams.has(text.slice(at, at + tellingLength))) continue
    const last = runs.at(-1)
    if (last && at <= last.end) last.end = at + tellingLength
    else runs.push({ start: at, end: at + tellingLength })
  }
  return runs
}

function pairAt(text: string, at: number): number {
  return ((text.charCodeAt(at) & 255) << 8) | (text.charCodeAt(at + 1) & 255)
}

/** A secret as it may come back: as it is, or as JSON, URLs, forms and headers spell it. */
function spellingsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  // The frame of a PEM key is the same for everybody.
  const parts = secret.split(/-----[A-Z ]+-----/)
  return [
    ...parts.flatMap((part) => [
      part,
      JSON.stringify(part).slice(1, -1),
      encodeURIComponent(part.toWellFormed()),
      new URLSearchParams([['', part]]).toString().slice(1),
    ]),
    bytes.toString('base64'),
    bytes.toString('base64url'),
  ]
}

function maskText(text: string, mask: (part: string) => string): string {
  if (mask(text) === text && !text.includes('\\')) return text
  const parsed = parseObject(text)
  return parsed === undefined ? mask(text) : JSON.stringify(maskValue(parsed, mask))
}

function maskValue(value: unknown, mask: (part: string) => string): unknown {
  if (typeof value === 'string') return mask(value)
  if (typeof value === 'number') return mask(`${value}`) === `${value}` ? value : '***'
  if (Array.isArray(value)) return value.map((each) => maskValue(each, mask))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [mask(name), maskValue(each, mask)]))
}

/** Parameters of a form that are no secrets; anything else may be one. */
const plainParameters: ReadonlySet<string> = new Set(['grant_type', 'client_id', 'redirect_uri', 'scope'])

function credentialsOf({ headers = {}, body }: Pick<HttpRequest, 'headers' | 'body'>): string[] {
  const { authorization = '', 'content-type': type = '' } = headers
  const form = typeof body === 'string' && type.startsWith('application/x-www-form-urlencoded') ? body : ''
  return [
    authorization.replace(/^\S+ /, ''),
    ...[...new URLSearchParams(form)]
      .filter(([name]) => !plainParameters.has(name))
      .map(([, value]) => value),
  ]
}

/** Fields of Google's credential files that are no secrets, and stand in ordinary messages. */
const plainFields: ReadonlySet<string> = new Set([
  'audience',
  'client_email',
  'client_id',
  'project_id',
  'quota_project_id',
  'subject_token_type',
  'type',
  'universe_domain',
])

function leavesOf(value: object): string[] {
  return Object.entries(value).flatMap(([name, each]) => {
    if (typeof each === 'object' && each !== null) return leavesOf(each)
    const isPlain = plainFields.has(name) || typeof each === 'boolean' || URL.canParse(String(each))
    return isPlain ? [] : [String(each)]
  })
}

function parseObject(text: string): object | undefined {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
