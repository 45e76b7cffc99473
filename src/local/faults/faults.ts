// The rules in force: how often each was met, and what becomes of a request that meets them.
import type { Catalog } from '../storage/catalog.ts'
import type { TableEntry } from '../storage/entries.ts'
import { physicalTable } from '../storage/physical-names.ts'
import { ApiError, errorEnvelope, notFound } from '../wire/api-error.ts'
import type { TableSchema } from '../wire/table-schema.ts'
import { type FaultRule, parseFaultRules } from './fault-rule.ts'

/** What rules do to one request. */
export interface Encounter {
  delayMs: number
  answer?: { readonly status: number; readonly body: unknown; readonly headers: Record<string, string> }
  reset?: 'before' | 'after'
  cutBody?: number
  truncate?: number
  bytesPerSecond?: number
}

export interface Faults {
  /** The rules, each with how many requests it has `seen` and to how many it was `applied`. */
  rules(): readonly object[]
  /** Takes the place of all rules; counts begin anew. */
  replace(value: unknown): void
  meet(method: string, path: string): Encounter | undefined
  /** Takes note of a schema change. */
  schemaChanged(table: TableEntry): void
  /** Takes note of rows that insertAll stored. */
  streamed(table: TableEntry): void
  /** The table as insertAll finds it just now; an error while it is hidden. */
  asStreamed(table: TableEntry): TableEntry
  /** Throws while changes to the rows of this physical table are refused. */
  checkDml(target: string): void
}

interface Active {
  readonly rule: FaultRule
  readonly path: RegExp
  readonly tables: RegExp
  seen: number
  applied: number
  windowStart: number
  inWindow: number
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'invalid',
  401: 'authError',
  403: 'quotaExceeded',
  404: 'notFound',
  409: 'duplicate',
  412: 'conditionNotMet',
  413: 'requestTooLarge',
  429: 'rateLimitExceeded',
  500: 'internalError',
  501: 'notImplemented',
}

export function createFaults(given: unknown, now: () => number, expireTokens: () => void): Faults {
  let active: Active[] = []
  const changed = new Map<string, { readonly before: TableSchema; readonly at: number }>()
  const streamedAt = new Map<string, { readonly table: TableEntry; readonly at: number }>()

  function replace(value: unknown): void {
    active = parseFaultRules(value).map((rule) => ({
      rule,
      path: new RegExp(rule.match?.path ?? ''),
      tables: new RegExp(rule.tables ?? ''),
      ...{ seen: 0, applied: 0, windowStart: now(), inWindow: 0 },
    }))
  }
  replace(given)

  /** Counts a request; says whether the rule does something to it. */
  function applies(one: Active, method: string, path: string): boolean {
    const { match = {}, quota } = one.rule
    if (match.method !== undefined && match.method.toUpperCase() !== method) return false
    if (!one.path.test(path)) return false
    const skip = match.skip ?? 0
    one.seen++
    if (one.seen <= skip || one.applied >= (match.count ?? Number.POSITIVE_INFINITY)) return false
    if (quota !== undefined) {
      if (now() - one.windowStart >= quota.perMs) {
        one.windowStart = now()
        one.inWindow = 0
      }
      if (++one.inWindow <= quota.requests) return false
    }
    one.applied++
    return true
  }

  /** The longest time that a rule for this table gives a field. */
  function windowOf(table: TableEntry, field: 'hiddenMs' | 'staleSchemaMs' | 'dmlRefusedMs'): number {
    const name = `${table.datasetId}.${table.tableId}`
    return Math.max(0, ...active.filter((one) => one.tables.test(name)).map((one) => one.rule[field] ?? 0))
  }

  return {
    rules: () => active.map(({ rule, seen, applied }) => ({ ...rule, seen, applied })),
    replace,
    meet(method, path) {
      let met: Encounter | undefined
      for (const one of active) {
        if (!applies(one, method, path)) continue
        const { rule } = one
        met ??= { delayMs: 0 }
        met.delayMs += rule.delayMs ?? 0
        if (rule.expireTokens === true) expireTokens()
        if (rule.reset !== undefined) met.reset = rule.reset
        else if (rule.status !== undefined || rule.quota !== undefined) met.answer = answerOf(rule)
        else if (rule.cutBody !== undefined) met.cutBody = rule.cutBody
        else if (rule.truncate !== undefined) met.truncate = rule.truncate
        else if (rule.bytesPerSecond !== undefined) met.bytesPerSecond = rule.bytesPerSecond
        else continue
        break
      }
      return met
    },
    schemaChanged(table) {
      if (windowOf(table, 'staleSchemaMs') > 0)
        changed.set(table.incarnation, { before: table.schema, at: now() })
    },
    streamed(table) {
      if (windowOf(table, 'dmlRefusedMs') === 0) return
      streamedAt.set(physicalTable(table.projectId, table.datasetId, table.tableId), { table, at: now() })
    },
    asStreamed(table) {
      const { projectId, datasetId, tableId } = table
      if (now() - table.createdAt < windowOf(table, 'hiddenMs'))
        throw notFound(`Table ${projectId}:${datasetId}.${tableId}`)
      const change = changed.get(table.incarnation)
      if (change === undefined) return table
      if (now() - change.at < windowOf(table, 'staleSchemaMs')) return { ...table, schema: change.before }
      changed.delete(table.incarnation)
      return table
    },
    checkDml(target) {
      const last = streamedAt.get(target)
      if (last === undefined || now() - last.at >= windowOf(last.table, 'dmlRefusedMs')) return
      const { projectId, datasetId, tableId } = last.table
      throw new ApiError(
        400,
        'invalidQuery',
        `UPDATE or DELETE statement over table ${projectId}.${datasetId}.${tableId} would affect rows in the streaming buffer, which is not supported`,
      )
    },
  }
}

/** A catalog that tells of its schema changes. */
export function watchSchemas(catalog: Catalog, faults: Faults): Catalog {
  return {
    ...catalog,
    async changeTable(entry, ddl) {
      const before = catalog.findTable(entry.projectId, entry.datasetId, entry.tableId)
      const after = await catalog.changeTable(entry, ddl)
      if (before !== undefined && JSON.stringify(before.schema) !== JSON.stringify(after.schema))
        faults.schemaChanged(before)
      return after
    },
  }
}

function answerOf(rule: FaultRule): NonNullable<Encounter['answer']> {
  const status = rule.status ?? 403
  const reason = rule.reason ?? REASONS[status] ?? 'backendError'
  const message = rule.message ?? (rule.quota === undefined ? `Scripted fault: ${reason}` : 'Quota exceeded')
  const body = rule.body === undefined ? errorEnvelope(new ApiError(status, reason, message)) : rule.body
  const plain = typeof body === 'string' ? { 'Content-Type': 'text/html; charset=UTF-8' } : {}
  return { status, body, headers: { ...plain, ...rule.headers } }
}
