// docs/parity.md says which test shows what: here it is held to the tests, fields and defaults that there are.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadDescriptor } from '../../src/descriptor/load.ts'

interface Row {
  /** The heading above its table. */
  readonly heading: string
  readonly columns: readonly string[]
  readonly cells: readonly string[]
}

const root = new URL('../../', import.meta.url)
const rows = rowsOf(readFileSync(new URL('docs/parity.md', root), 'utf8'))
const testsOf = ({ cells }: Row) =>
  [...(cells.at(-1) ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)

/** The rows of all tables of a Markdown text. */
function rowsOf(markdown: string): Row[] {
  let heading = ''
  let columns: readonly string[] = []
  const found: Row[] = []
  for (const line of markdown.split('\n')) {
    if (line.startsWith('#')) heading = line.replace(/^#+ /, '')
    if (!line.startsWith('|')) {
      columns = []
      continue
    }
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
    if (columns.length === 0) columns = cells
    else if (!cells.every((cell) => /^-+$/.test(cell))) found.push({ heading, columns, cells })
  }
  return found
}

describe('the tables of docs/parity.md', () => {
  const known = new Set<string>()
  beforeAll(async () => {
    // As the runner itself reads the files, without running them; names of cases stay as they are written.
    const vitest = new URL('node_modules/vitest/vitest.mjs', root).pathname
    const { stdout } = await promisify(execFile)(process.execPath, [vitest, 'list', '--static-parse'], {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1' },
      maxBuffer: 16 * 1024 * 1024,
    })
    for (const line of stdout.split('\n')) known.add(line.replace(/^test\//, '').replaceAll('\\"', '"'))
  }, 60_000)

  it('name tests that there are', () => {
    expect(rows.flatMap(testsOf).filter((name) => !known.has(name))).toEqual([])
  })

  it('have a test in every row, but where something is not there yet or the host\u2019s business', () => {
    const unshown = rows.filter((row) => testsOf(row).length === 0)

    expect(
      unshown.filter(({ cells }) => !/Not there yet|The host\u2019s|The host's/.test(cells.join())),
    ).toEqual([])
    expect(unshown.length).toBeLessThan(5)
  })

  it('have the 38 weaknesses, each once', () => {
    const numbers = rows
      .filter(({ heading }) => heading === 'What was weak')
      .map(({ cells }) => Number.parseInt(cells[0] ?? '', 10))

    expect(numbers).toEqual(Array.from({ length: 38 }, (_, at) => at + 1))
  })

  it('have fields and defaults as the descriptors have them', () => {
    const { connections, operations } = loadDescriptor()
    const forms = new Map<string, unknown>([
      ...connections.map(({ id, config }) => [id, config['properties']] as const),
      ...operations.map(({ id, options }) => [id, options['properties']] as const),
    ])
    const fields = rows.filter(({ columns }) => columns[0] === 'Field')
    const wrong = fields.filter(({ heading, columns, cells }) => {
      const form = forms.get(/`(.+)`/.exec(heading)?.[1] ?? '') as
        | Record<string, { default?: unknown }>
        | undefined
      const field = form?.[/^`(.+)`$/.exec(cells[0] ?? '')?.[1] ?? '']
      const told = cells[columns.indexOf('Default')] ?? ''
      const asCode = field?.default === undefined ? 'none' : `\`${JSON.stringify(field.default)}\``
      return field === undefined || (told !== 'the same' && told !== asCode)
    })

    expect(fields.length).toBeGreaterThan(50)
    expect(wrong.map(({ heading, cells }) => [heading, cells[0], cells[2]])).toEqual([])
  })
})
