// The faults a user can script: what a rule may say, and the check of rules that come from outside.
import { ApiError } from '../wire/api-error.ts'

/**
 * One rehearsed fault. A rule says which requests it meets (`match`) and what happens to them; all other
 * fields are optional, and one rule may have several effects. Rules are asked in order: delays add up, and
 * the first rule that answers, resets or mangles decides. `{}` in `match` means every request but those to
 * `/_faults`.
 *
 * ```json
 * [{ "match": { "path": "/insertAll$", "count": 2 }, "status": 503, "reason": "backendError" },
 *  { "match": { "path": "/insertAll$", "skip": 5, "count": 1 }, "reset": "after" },
 *  { "match": { "method": "GET" }, "delayMs": 250 },
 *  { "quota": { "requests": 10, "perMs": 1000 }, "status": 403, "reason": "rateLimitExceeded" },
 *  { "tables": "^shop\\.", "hiddenMs": 30000, "staleSchemaMs": 60000 }]
 * ```
 */
export interface FaultRule {
  readonly match?: {
    /** GET, POST, ...; any when absent. */
    readonly method?: string
    /** A regular expression that the request's path, with its query string, must match. */
    readonly path?: string
    /** So many matching requests are let through first. Default 0. */
    readonly skip?: number
    /** The rule holds for so many requests, then no more. Default: for all. */
    readonly count?: number
  }
  /** Waits before anything else happens, in milliseconds. */
  readonly delayMs?: number
  /** Answers with this status (400 to 599) and does nothing. */
  readonly status?: number
  /** The reason in BigQuery's error body. Default: the usual one for the status. */
  readonly reason?: string
  readonly message?: string
  /** In place of BigQuery's error body: text is sent as it is, anything else as JSON. */
  readonly body?: unknown
  /** Headers of the answer, such as `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Closes the connection without an answer, before the request is looked at or after it has taken effect. */
  readonly reset?: 'before' | 'after'
  /** The connection closes when so many bytes of the request's body have come in, and more would follow. */
  readonly cutBody?: number
  /** The request takes effect; of its answer's body only so many bytes arrive. */
  readonly truncate?: number
  /** The request takes effect; its answer's body arrives at this rate, in bytes per second. */
  readonly bytesPerSecond?: number
  /** The rule answers (403 `quotaExceeded` unless it says otherwise) only what exceeds the quota of a window. */
  readonly quota?: { readonly requests: number; readonly perMs: number }
  /** Every token issued so far is expired, from the moment the rule is met. Shows with `authentication: 'required'`. */
  readonly expireTokens?: true
  /** For the fields below: a regular expression that `dataset.table` must match. Default: every table. */
  readonly tables?: string
  /** insertAll answers 404 for a table created less than so many milliseconds ago. */
  readonly hiddenMs?: number
  /** For so many milliseconds after a schema change, insertAll checks rows against the schema before it. */
  readonly staleSchemaMs?: number
  /** UPDATE, DELETE and MERGE fail on a table that insertAll stored rows in less than so many milliseconds ago. */
  readonly dmlRefusedMs?: number
}

type Check = (value: unknown) => string | undefined

const isWhole = (value: unknown, from: number, to = Number.MAX_SAFE_INTEGER): boolean =>
  Number.isInteger(value) && (value as number) >= from && (value as number) <= to
const whole = (from: number, to?: number): Check => {
  const range = to === undefined ? `of at least ${from}` : `from ${from} to ${to}`
  return (value) => (isWhole(value, from, to) ? undefined : `must be a whole number ${range}`)
}
const text: Check = (value) => (typeof value === 'string' ? undefined : 'must be text')
const pattern: Check = (value) => {
  if (typeof value !== 'string') return 'must be a regular expression, as text'
  try {
    new RegExp(value)
    return undefined
  } catch {
    return `is not a regular expression: ${value}`
  }
}

const FIELDS: Readonly<Record<string, Check>> = {
  match: fields({ method: text, path: pattern, skip: whole(0), count: whole(1) }),
  delayMs: whole(0, 600_000),
  status: whole(400, 599),
  reason: text,
  message: text,
  body: () => undefined,
  headers: (value) =>
    isObject(value) && Object.values(value).every((one) => typeof one === 'string')
      ? undefined
      : 'must be an object of texts',
  reset: (value) => (value === 'before' || value === 'after' ? undefined : 'must be "before" or "after"'),
  cutBody: whole(0),
  truncate: whole(0),
  bytesPerSecond: whole(1),
  quota: fields({ requests: whole(0), perMs: whole(1) }, ['requests', 'perMs']),
  expireTokens: (value) => (value === true ? undefined : 'must be true'),
  tables: pattern,
  hiddenMs: whole(1),
  staleSchemaMs: whole(1),
  dmlRefusedMs: whole(1),
}

const EFFECTS = [
  ...['delayMs', 'status', 'reset', 'cutBody', 'truncate', 'bytesPerSecond', 'quota', 'expireTokens'],
  ...['hiddenMs', 'staleSchemaMs', 'dmlRefusedMs'],
]

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Checks an object's fields; the answer names the first that is wrong. */
function fields(known: Readonly<Record<string, Check>>, needed: readonly string[] = []): Check {
  return (value) => {
    if (!isObject(value)) return 'must be an object'
    for (const [name, one] of Object.entries(value)) {
      const check = Object.hasOwn(known, name) ? known[name] : undefined
      if (check === undefined) return `has an unknown field: ${name}`
      const fault = check(one)
      if (fault !== undefined) return `${name} ${fault}`
    }
    const missing = needed.find((name) => !(name in value))
    return missing === undefined ? undefined : `needs ${missing}`
  }
}

const checkRule = fields(FIELDS)

/** The rules, or one ApiError that has a line for each bad one. */
export function parseFaultRules(value: unknown): readonly FaultRule[] {
  const list = isObject(value) ? value['rules'] : value
  if (!Array.isArray(list)) throw new ApiError(400, 'invalid', 'Faults must be a list of rules.')
  const faults = list.flatMap((rule: unknown, i) => {
    const fault = checkRule(rule) ?? checkEffects(rule as Record<string, unknown>)
    return fault === undefined ? [] : [`rule ${i + 1} ${fault}`]
  })
  if (faults.length > 0) throw new ApiError(400, 'invalid', `Bad fault rules: ${faults.join('; ')}`)
  return list as readonly FaultRule[]
}

function checkEffects(rule: Readonly<Record<string, unknown>>): string | undefined {
  if (!EFFECTS.some((name) => name in rule)) return `has no effect: give one of ${EFFECTS.join(', ')}`
  const needs = ['reason', 'message', 'body', 'headers'].find((name) => name in rule)
  if (needs !== undefined && !('status' in rule) && !('quota' in rule)) return `has ${needs} but no status`
  return undefined
}
