// Figures and tables as people read them.
import Table from 'cli-table3'

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

export function count(value: number): string {
  return whole.format(value)
}

/** `1 row`, `2 rows`. */
export function counted(value: number, one: string): string {
  return `${count(value)} ${value === 1 ? one : `${one}s`}`
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

/**
 * A table with a line of names; cells that are not text are shown as JSON.
 * @param width characters of a line at most: the last column is wrapped to fit.
 */
export function table(
  names: readonly string[],
  rows: readonly (readonly unknown[])[],
  width?: number,
): string {
  const cells = rows.map((row) => row.map(cell))
  const options = { head: [...names], style: { head: [], border: [] } }
  const drawn = new Table(
    width === undefined
      ? options
      : { ...options, colWidths: columnWidths(names, cells, width), wordWrap: true },
  )
  drawn.push(...cells)
  return drawn.toString()
}

/** Characters that a cell has beside its text: a border and a blank on either side. */
const cellFrame = 3

function columnWidths(
  names: readonly string[],
  cells: readonly (readonly string[])[],
  width: number,
): number[] {
  const widths = names.map(
    (name, at) => Math.max(name.length, ...cells.map((row) => row[at]?.length ?? 0)) + 2,
  )
  const others = widths.slice(0, -1).reduce((sum, each) => sum + each + 1, 1)
  const last = widths.at(-1) ?? 0
  return [...widths.slice(0, -1), Math.min(last, Math.max(width - others - cellFrame, 30))]
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  return harmless(typeof value === 'string' ? value : JSON.stringify(value))
}

/** Text of others without what a terminal would obey, such as a sequence that clears the screen. */
export function harmless(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, '\ufffd')
}
