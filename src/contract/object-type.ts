// What an operation can act on.

export interface ObjectType {
  /** Stable: `datasets/shop/tables/orders`, `QUERY`. */
  readonly id: string
  /** For people: `orders`. */
  readonly label: string
  readonly kind: 'table' | 'job'
}
