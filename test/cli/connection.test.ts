// bqc connection as a person uses it, from an empty machine on.
import { readFileSync, statSync } from 'node:fs'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LocalBigQuery, startLocalBigQuery } from '../../src/local/index.ts'
import { bqc } from '../fixtures/bqc.ts'
import { directories } from '../fixtures/directories.ts'

const directory = directories()

let local: LocalBigQuery
let key: string
beforeAll(async () => {
  local = await startLocalBigQuery({ port: 0, projectId: 'demo', authentication: 'required' })
  key = JSON.stringify(await local.createServiceAccount())
})
afterAll(() => local.close())

/** A machine of its own: its store, and bqc on it. */
function machine() {
  const home = directory()
  const store = join(home, 'bqc', 'store')
  const env = { XDG_CONFIG_HOME: home, BQC_STORE: '', BQC_MASTER_KEYS: '', BQC_ENVIRONMENT: '' }
  const run = async (args: string[], stdin = '', more: Record<string, string> = {}) => {
    const ended = await bqc(['connection', ...args], { stdin, env: { ...env, ...more } })
    return { ...ended, lines: ended.stdout.trim().split('\n') }
  }
  return { store, env, run }
}

const toronto = () => ['create', 'toronto', '--file', '-', '--set', `endpoint=${local.url}`]

describe('bqc connection', () => {
  it('keeps a key file under a name, which every command takes then', async () => {
    const { run, env, store } = machine()

    const created = await run(toronto(), key)
    const tested = await run(['test', 'toronto'])
    const queried = await bqc(['query', 'SELECT 1 AS one', '--connection', 'toronto', '--json'], { env })
    const described = await run(['describe', 'toronto', '--json'])

    expect(created).toMatchObject({ code: 0, stderr: expect.stringContaining('A master key was made: ') })
    expect(statSync(`${store}.keys`).mode & 0o777).toBe(0o600)
    expect(tested).toMatchObject({ code: 0, stdout: expect.stringContaining('The connection works.') })
    expect(queried).toMatchObject({ code: 0, stdout: '{"one":"1"}\n' })
    expect(JSON.parse(described.stdout)).toMatchObject({
      name: 'toronto',
      values: { projectId: 'demo', serviceAccountKey: { set: true, source: 'sealed' } },
    })
    expect(created.stdout + described.stdout).not.toContain('PRIVATE KEY')
  })

  it('makes no second key where the first one is lost, and says what is missing', async () => {
    const { run, store } = machine()
    await run(toronto(), key)
    await rm(`${store}.keys`)

    const tested = await run(['test', 'toronto'])
    const created = await run(['create', 'vienna', '--file', '-'], key)

    expect(tested).toMatchObject({ code: 1, stdout: expect.stringContaining('There is no key file') })
    expect(created).toMatchObject({ code: 2, stderr: expect.stringContaining('BQC_STORE_KEY_MISSING') })
  })

  it('refuses a key file that others may read', async () => {
    const { run, store } = machine()
    await run(toronto(), key)
    await chmod(`${store}.keys`, 0o640)

    const tested = await run(['test', 'toronto', '--json'])

    expect(JSON.parse(tested.stdout)).toMatchObject({ ok: false, steps: [{ code: 'BQC_STORE_KEY_INVALID' }] })
    expect(tested.stdout).toContain('chmod 600')
  })

  it('takes no secret from the command line, but from stdin and by reference', async () => {
    const { run } = machine()
    const fields = ['--set', 'projectId=demo', '--set', 'grant=access-token']

    const refused = await run(['create', 'a', ...fields, '--set', 'accessToken=typed-in-sight'])
    const piped = await run(['create', 'a', ...fields, '--set', 'accessToken=-'], 'from-stdin\n')
    const referred = await run(['create', 'b', ...fields, '--set', 'accessToken=env:TOKEN', '--json'])
    const inVain = await run(['test', 'b', '--json'])
    const misspelt = await run(['create', 'c', ...fields, '--set', 'accessToken=file:'])
    const foreign = await run(['patch', 'a', '--set', '__proto__=x'])
    const both = await run(['create', 'c', '--file', '-', '--set', 'accessToken=-'], '{}')
    const placed = await run(['create', 'd', ...fields, '--set', 'accessToken=file:package.json', '--json'])

    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('is no place for it') })
    expect(refused.stderr).not.toContain('typed-in-sight')
    expect(piped.stdout).toContain('accessToken  (sealed)')
    expect(JSON.parse(referred.stdout)).toMatchObject({ values: { accessToken: { source: 'env:TOKEN' } } })
    expect(misspelt).toMatchObject({ code: 2, stderr: expect.stringContaining('file:PATH') })
    expect(foreign).toMatchObject({ code: 2, stderr: expect.stringContaining('__proto__ is unknown') })
    expect(both).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Only one of --file, accessToken'),
    })
    expect(JSON.parse(placed.stdout)).toMatchObject({
      values: { accessToken: { source: `file:${join(process.cwd(), 'package.json')}` } },
    })
    expect(JSON.parse(inVain.stdout)).toMatchObject({ steps: [{ code: 'BQC_SECRET_UNAVAILABLE' }] })
  })

  it('changes, lists and drops, and says why it does not', async () => {
    const { run } = machine()
    await run(toronto(), key)

    const again = await run(toronto(), key)
    const left = await run([...toronto(), '--if-not-exists'], key)
    const patched = await run([
      'patch',
      'toronto',
      '--set',
      'location=EU',
      '--set',
      'jobLabels={"team":"a"}',
      '--json',
    ])
    const prod = await run([
      'patch',
      'toronto',
      '--environment',
      'prod',
      '--set',
      'projectId=of-prod',
      '--json',
    ])
    const late = await run(['patch', 'toronto', '--clear', 'location', '--if-revision', '1'])
    const cleared = await run(['patch', 'toronto', '--clear', 'location', '--json'])
    const listed = await run(['list', '--json'])
    const bare = ['--environment', 'dev', '--clear', 'location', '--description', '\u001b[2Jgone\u0007']
    const shown = await run(['patch', 'toronto', ...bare])
    const dropped = await run(['drop', 'toronto'])
    const empty = await run(['list'])

    expect(shown.stdout).toMatch(/description +\ufffd\[2Jgone\ufffd\n/)
    expect(shown.stdout).toMatch(/dev +\(as above\)\n/)
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('BQC_CONNECTION_EXISTS') })
    expect(left.stdout).toContain('was there already')
    expect(JSON.parse(patched.stdout)).toMatchObject({
      revision: 2,
      values: { location: 'EU', jobLabels: { team: 'a' } },
    })
    expect(JSON.parse(prod.stdout)).toMatchObject({ environments: { prod: { projectId: 'of-prod' } } })
    expect(late).toMatchObject({ code: 2, stderr: expect.stringContaining('BQC_CONNECTION_CHANGED') })
    expect(JSON.parse(cleared.stdout).values).not.toHaveProperty('location')
    expect(listed.lines.map((line) => JSON.parse(line).name)).toEqual(['toronto'])
    expect(dropped).toMatchObject({ code: 0, stdout: 'toronto is dropped.\n' })
    expect(empty.stdout).toContain('There is no connection in')
  })

  it('binds operations, which commands can name in place of a connection', async () => {
    const { run, env } = machine()
    await run(toronto(), key)

    const bound = await run(['bind', 'orders', 'toronto', '--as', 'copied'])
    await run(['patch', 'toronto', '--set', 'location=EU'])
    const listed = await run(['references', '--json'])
    const live = await run(['bind', 'sales', 'toronto'])
    const refused = await run(['drop', 'toronto'])
    await run(['drop', 'toronto', '--force'])
    const queried = await bqc(['query', 'SELECT 1 AS one', '--connection', 'operation:orders', '--json'], {
      env,
    })

    expect(bound.stdout).toBe('orders: copied from toronto revision 1; its current revision is 1\n')
    expect(JSON.parse(listed.stdout)).toMatchObject({
      summary: 'copied from toronto revision 1; its current revision is 2',
    })
    expect(live.code).toBe(0)
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('is used by sales (live)') })
    expect(queried).toMatchObject({ code: 0, stdout: '{"one":"1"}\n' })
    expect((await run(['unbind', 'orders'])).stdout).toBe('orders is bound no more.\n')
  })

  it('exports to another machine, where the secrets are entered again', async () => {
    const { run } = machine()
    const there = machine()
    await run(toronto(), key)

    const exported = await run(['export'])
    const imported = await there.run(['import', '-'], exported.stdout)
    const early = await there.run(['test', 'toronto', '--json'])
    await there.run(['patch', 'toronto', '--set', 'serviceAccountKey=-'], key)

    expect(exported.stdout).not.toContain('PRIVATE KEY')
    expect(imported.stdout).toContain('to be entered again: serviceAccountKey')
    expect(JSON.parse(early.stdout)).toMatchObject({ steps: [{ code: 'BQC_CONNECTION_INCOMPLETE' }] })
    expect((await there.run(['test', 'toronto'])).code).toBe(0)
  })

  it('rotates its key, and needs the former one no more', async () => {
    const { run, store } = machine()
    await run(toronto(), key)

    const rotated = await run(['rotate', '--new-key', '--json'])
    const [first = ''] = readFileSync(`${store}.keys`, 'utf8').split('\n')
    await writeFile(`${store}.keys`, `${first}\n`)

    expect(JSON.parse(rotated.stdout)).toEqual({ resealed: 1, kid: first.split(':')[0] })
    expect((await run(['test', 'toronto'])).code).toBe(0)
  })

  it('tests values that are not stored, with references relative to their file', async () => {
    const { run } = machine()
    const folder = directory()
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'key.json'), `${key}\n`)
    const file = join(folder, 'connection.json')
    await writeFile(
      file,
      JSON.stringify({ projectId: 'demo', endpoint: local.url, serviceAccountKey: 'file:key.json' }),
    )

    const tested = await run(['test', file, '--json'])
    const queried = await bqc(['query', 'SELECT 1 AS one', '--connection', file, '--json'])

    expect(JSON.parse(tested.stdout)).toMatchObject({ ok: true })
    expect(queried).toMatchObject({ code: 0, stdout: '{"one":"1"}\n' })
  })

  it('tells that there is neither a name nor a file given', async () => {
    const { run, env } = machine()

    expect(await run(['describe', 'nobody'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('BQC_CONNECTION_UNKNOWN'),
    })
    expect(await bqc(['query', 'SELECT 1', '--connection', 'nobody'], { env })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('There is no connection nobody in'),
    })
  })
})
