// The figures of a job, as numbers, and what a query costs by them.
import type { Job } from '../../bigquery/jobs.ts'
import type { JobStatistics } from '../../contract/outcome.ts'

const bytesPerTiB = 2 ** 40

/** @param pricePerTiB 0: costs are not estimated. */
export function statisticsOf(job: Job, pricePerTiB: number): JobStatistics {
  const { statistics = {}, configuration = {} } = job
  const { query, load, copy } = statistics
  const creation = numberOf(statistics.creationTime)
  const start = numberOf(statistics.startTime)
  const end = numberOf(statistics.endTime)
  const bytesProcessed = numberOf(query?.totalBytesProcessed ?? statistics.totalBytesProcessed)
  const bytesBilled = configuration.dryRun ? undefined : numberOf(query?.totalBytesBilled)
  return withoutGaps({
    bytesProcessed,
    bytesBilled,
    slotMs: numberOf(query?.totalSlotMs ?? statistics.totalSlotMs),
    rows: numberOf(query?.numDmlAffectedRows ?? load?.outputRows ?? copy?.copiedRows),
    cacheHit: query?.cacheHit ?? undefined,
    queuedMs: differenceOf(start, creation),
    runMs: differenceOf(end, start),
    costEstimate: costOf(
      job,
      bytesBilled ?? (configuration.dryRun ? bytesProcessed : undefined),
      pricePerTiB,
    ),
  })
}

/** Slots that are reserved are paid for by the hour, whatever a query reads. */
function costOf(
  { statistics, configuration }: Job,
  bytes: number | undefined,
  pricePerTiB: number,
): number | undefined {
  const isByBytes = configuration?.query !== undefined && !statistics?.reservation_id
  if (!isByBytes || bytes === undefined || pricePerTiB === 0) return undefined
  return (bytes / bytesPerTiB) * pricePerTiB
}

/** The API writes whole numbers as text. */
function numberOf(value: unknown): number | undefined {
  const isGiven = typeof value === 'number' || (typeof value === 'string' && value !== '')
  const number = isGiven ? Number(value) : Number.NaN
  return Number.isFinite(number) ? number : undefined
}

function differenceOf(later: number | undefined, earlier: number | undefined): number | undefined {
  return later === undefined || earlier === undefined ? undefined : Math.max(later - earlier, 0)
}

function withoutGaps(
  figures: { readonly [K in keyof JobStatistics]: JobStatistics[K] | undefined },
): JobStatistics {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined))
}
