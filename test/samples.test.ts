import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)
const samples = readdirSync('samples').filter((name) => name.endsWith('.ts'))

describe('a sample', () => {
  it.each(samples)('%s runs to its end, against the package as it is built', async (name) => {
    const { stdout, stderr } = await run(process.execPath, [`samples/${name}`])

    expect(stderr).toBe('')
    expect(stdout).not.toBe('')
  })
})

describe('the README', () => {
  const readme = readFileSync('README.md', 'utf8')

  it('opens with the first sample, letter for letter', () => {
    expect(readme).toContain(readFileSync('samples/01-insert.ts', 'utf8').trim())
  })

  it('shows what that sample prints', async () => {
    const { stdout } = await run(process.execPath, ['samples/01-insert.ts'])

    expect(readme).toContain(stdout.replaceAll(/ +$/gm, '').trim())
  })
})
