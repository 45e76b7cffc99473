// What an operation can act on.

/** What BigQuery calls the kinds of tables. */
export type TableType = 'TABLE' | 'VIEW' | 'MATERIALIZED_VIEW' | 'EXTERNAL' | 'SNAPSHOT'

export interface ObjectType {
  /** Stable: `datasets/shop/tables/orders`, `DYNAMIC`, `QUERY`. */
  readonly id: string
  /** For people: `orders`. */
  readonly label: string
  /**
   * - `job`: a kind of job.
   * - `dynamic`: each document names its table.
   * - `generic`: the options name the table.
   * - The others: one of a dataset's tables, of that type.
   */
  readonly kind:
    | 'job'
    | 'dynamic'
    | 'generic'
    | 'table'
    | 'view'
    | 'materialized-view'
    | 'external'
    | 'snapshot'
}
