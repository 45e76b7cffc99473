// How the rows of a table are laid out, as its resource says: partitions by time or by a range, and clusters.
import type { TableEntry } from '../storage/entries.ts'

export interface Layout {
  readonly time?: {
    /** Absent where rows are partitioned by when they came in. */
    readonly field?: string
    readonly unit: 'HOUR' | 'DAY' | 'MONTH' | 'YEAR'
    readonly requirePartitionFilter?: boolean
  }
  readonly range?: {
    readonly field: string
    readonly range: { readonly start: string; readonly end: string; readonly interval: string }
  }
  readonly clusters: readonly string[]
  /** The column that decides the partition. */
  readonly partitionField: string | undefined
}

export function layoutOf({ sent }: Pick<TableEntry, 'sent'>): Layout {
  const time = sent['timePartitioning'] as { type?: string; field?: string } | undefined
  const range = sent['rangePartitioning'] as Layout['range']
  const clustering = sent['clustering'] as { fields?: readonly string[] } | undefined
  const unit = (time?.type?.toUpperCase() ?? 'DAY') as NonNullable<Layout['time']>['unit']
  return {
    ...(time && { time: { ...time, unit } }),
    ...(range && { range }),
    clusters: clustering?.fields ?? [],
    partitionField: time?.field ?? range?.field,
  }
}
