// OPTIONS(...) as the fields of a resource: what each option is called there, and how its value is written.
import { invalidQuery } from '../../wire/api-error.ts'
import type { FieldSchema } from '../../wire/table-schema.ts'
import type { OptionTexts, ReadField } from '../read-type.ts'
import type { Run } from '../statement.ts'

type Sent = Readonly<Record<string, unknown>>
type Settle = (value: unknown, sent: Sent) => Sent

const DAY_MS = 86_400_000

const as =
  (key: string, write: (value: unknown) => unknown = String): Settle =>
  (value) => ({ [key]: value === null ? null : write(value) })

const COMMON: Readonly<Record<string, Settle>> = {
  description: as('description'),
  friendly_name: as('friendlyName'),
  labels: as('labels', pairs),
  tags: as('resourceTags', pairs),
  default_rounding_mode: as('defaultRoundingMode'),
}

const TABLE: Readonly<Record<string, Settle>> = {
  ...COMMON,
  expiration_timestamp: as('expirationTime', (value) => String(Date.parse(String(value)))),
  require_partition_filter: (value, sent) => ({
    requirePartitionFilter: value,
    ...(sent['timePartitioning'] === undefined
      ? {}
      : { timePartitioning: { ...(sent['timePartitioning'] as Sent), requirePartitionFilter: value } }),
  }),
  partition_expiration_days: (value, sent) => {
    if (sent['timePartitioning'] === undefined)
      throw invalidQuery('Option partition_expiration_days needs a table that is partitioned by time')
    const { expirationMs: _old, ...partitioning } = sent['timePartitioning'] as Sent
    return {
      timePartitioning: value === null ? partitioning : { ...partitioning, expirationMs: days(value) },
    }
  },
  max_staleness: as('maxStaleness'),
  enable_refresh: () => ({}),
  refresh_interval_minutes: () => ({}),
  enable_change_history: () => ({}),
  enable_fine_grained_mutations: () => ({}),
  allow_non_incremental_definition: () => ({}),
  privacy_policy: () => {
    throw invalidQuery('Unsupported by the local BigQuery: privacy policies')
  },
}

const DATASET: Readonly<Record<string, Settle>> = {
  ...COMMON,
  location: as('location'),
  default_table_expiration_days: as('defaultTableExpirationMs', days),
  default_partition_expiration_days: as('defaultPartitionExpirationMs', days),
  max_time_travel_hours: as('maxTimeTravelHours'),
  storage_billing_model: as('storageBillingModel'),
  is_case_insensitive: as('isCaseInsensitive', (value) => value),
}

const COLUMN: Readonly<Record<string, Settle>> = {
  description: as('description'),
  rounding_mode: as('roundingMode'),
}

const LISTS: Readonly<Record<'table' | 'dataset' | 'column', Readonly<Record<string, Settle>>>> = {
  table: TABLE,
  dataset: DATASET,
  column: COLUMN,
}

/** `sent` with the options set; an option that is set to NULL goes away. */
export async function settleOptions(
  on: Run,
  texts: OptionTexts,
  of: keyof typeof LISTS,
  sent: Sent,
): Promise<Record<string, unknown>> {
  const settled: Record<string, unknown> = { ...sent }
  for (const [name, text] of texts) {
    const settle = Object.hasOwn(LISTS[of], name) ? LISTS[of][name] : undefined
    if (settle === undefined) throw invalidQuery(`Unknown option: ${name}`)
    const change = settle(await on.evaluate(text), settled)
    for (const [key, value] of Object.entries(change))
      if (value === null) delete settled[key]
      else settled[key] = value
  }
  return settled
}

/** A column as its schema has it, with its options and those of its fields. */
export async function settleField(on: Run, read: ReadField): Promise<FieldSchema> {
  const { optionTexts, fields, isPrimaryKey: _key, ...field } = read
  const settled = await settleOptions(on, optionTexts ?? [], 'column', field)
  const inner: FieldSchema[] = []
  for (const each of fields ?? []) inner.push(await settleField(on, each))
  return { ...(settled as FieldSchema), ...(fields === undefined ? {} : { fields: inner }) }
}

function days(value: unknown): string {
  return String(Math.round(Number(value) * DAY_MS))
}

/** [("key", "value")] as an object. */
function pairs(value: unknown): Record<string, string> {
  const list = Array.isArray(value) ? value : []
  return Object.fromEntries(
    list.map((pair) => {
      const [key, label] = Object.values(pair as Sent)
      return [String(key), String(label)]
    }),
  )
}
