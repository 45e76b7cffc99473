import { describe, expect, it } from 'vitest'
import { loadDescriptor } from '../../src/descriptor/load.ts'
import { invalidConfig, isLoopback, resolve } from '../../src/descriptor/resolve.ts'
import { ConnectorError } from '../../src/errors.ts'
import { deepFreeze } from '../encoding/arbitrary-table.ts'

type Values = Record<string, unknown>

const { connections, operations } = loadDescriptor()
const connectionForm = connections.find(({ id }) => id === 'bigquery')?.config ?? {}
const insertForm = operations.find(({ id }) => id === 'streaming-insert')?.options ?? {}

const connection = (values: unknown): Values => resolve(connectionForm, values, 'connection')
const insert = (values: unknown): Values => resolve(insertForm, values, 'operation streaming-insert')

function refusalOf(attempt: () => unknown): ConnectorError {
  try {
    attempt()
  } catch (thrown) {
    if (thrown instanceof ConnectorError) return thrown
    throw thrown
  }
  throw new Error('the values were taken')
}

// Frozen, so that no test can be helped by what another one filled in.
const local = Object.freeze({ projectId: 'demo', endpoint: 'http://localhost:9050', grant: 'none' })
const table = Object.freeze({ objectType: 'datasets/shop/tables/orders' })

describe('defaults', () => {
  it('are filled in from the descriptor', () => {
    expect(insert(table)).toMatchObject({
      ...table,
      batchCount: 500,
      generateInsertId: true,
      templateSuffix: '',
    })
  })

  it('are filled in without touching the argument', () => {
    const given = deepFreeze({ ...table, batchCount: 7 })

    const resolved = insert(given)

    expect(resolved['batchCount']).toBe(7)
    expect(Object.keys(resolved).length).toBeGreaterThan(2)
    expect(given).toEqual({ ...table, batchCount: 7 })
  })

  it('stand in for options that are explicitly undefined', () => {
    const resolved = insert({ ...table, batchCount: undefined, projectIdOverride: undefined })

    expect(resolved['batchCount']).toBe(500)
    expect(resolved).not.toHaveProperty('projectIdOverride')
  })

  it.each([
    ['batchAgeMs', 0],
    ['templateSuffix', ''],
    ['generateInsertId', false],
  ])('do not stand in for a value that is merely empty: %s %o', (name, value) => {
    expect(insert({ ...table, [name]: value })[name]).toBe(value)
  })

  it('do not stand in for an option that is null: null is a fault', () => {
    expect(refusalOf(() => insert({ ...table, batchCount: null })).faults).toMatchObject([
      { path: '/batchCount' },
    ])
  })
})

describe('the insertId of Streaming Insert', () => {
  it.each(['', 'id', '/id', '/order/line~1number', '/a/0'])('may come from %o', (insertIdFrom) => {
    expect(insert({ ...table, insertIdFrom })).toMatchObject({ insertIdFrom })
  })

  it.each(['number', 'id/x', '/a~2', '#/a'])('may not come from %o', (insertIdFrom) => {
    expect(refusalOf(() => insert({ ...table, insertIdFrom })).faults).toEqual([
      {
        path: '/insertIdFrom',
        value: insertIdFrom,
        message: 'must be empty, id, or a JSON pointer such as /order/number',
      },
    ])
  })

  it('comes from nowhere where rows go without one', () => {
    const refusal = refusalOf(() => insert({ ...table, generateInsertId: false, insertIdFrom: 'id' }))

    expect(refusal.message).toContain('insertIdFrom must be empty where generateInsertId is off, not "id"')
  })
})

describe('faults', () => {
  it('are reported all together, each with its path, the value found, and what is allowed', () => {
    const refusal = refusalOf(() =>
      insert({
        objectType: 'orders',
        batchCount: 0,
        batchAgeMs: '200',
        skipInvalidRows: 'no',
        templateSuffix: 'a b',
      }),
    )

    expect(refusal.code).toBe('BQC_CONFIG_INVALID')
    expect(refusal.category).toBe('config')
    expect([...refusal.faults].sort((a, b) => a.path.localeCompare(b.path))).toEqual([
      { path: '/batchAgeMs', value: '200', message: 'must be a whole number' },
      { path: '/batchCount', value: 0, message: 'must be from 1 to 50000' },
      { path: '/objectType', value: 'orders', message: 'must have the form datasets/DATASET/tables/TABLE' },
      { path: '/skipInvalidRows', value: 'no', message: 'must be true or false' },
      { path: '/templateSuffix', value: 'a b', message: 'may hold letters, digits and underscores only' },
    ])
  })

  it('stand in the message too, in one line', () => {
    const { message } = refusalOf(() => insert({ batchCount: 1.5 }))

    expect(message).toContain('The operation streaming-insert is not usable: ')
    expect(message).toContain('objectType is required')
    expect(message).toContain('batchCount must be a whole number, not 1.5')
    expect(message).not.toContain('\n')
  })

  it('name the known options when one is unknown', () => {
    const refusal = refusalOf(() => insert({ ...table, batchcount: 5 }))

    expect(refusal.faults).toMatchObject([{ path: '/batchcount' }])
    expect(refusal.message).toMatch(/batchcount is unknown; known are .*batchAgeMs, batchBytes, batchCount/)
  })

  it.each([[undefined], [null], ['datasets/shop/tables/orders'], [[]], [7]])(
    'are reported for values that are no object at all: %o',
    (values) => {
      expect(refusalOf(() => insert(values)).faults).toEqual([{ path: '', message: 'must be an object' }])
    },
  )

  it.each([
    ['a bigint', 5n, '5'],
    ['not a number', Number.NaN, 'NaN'],
    ['a function', () => 5, 'function'],
    ['a cycle', Object.assign([], { 0: {} }).map((o: object) => Object.assign(o, { o })), 'an object'],
  ])('can show a value that JSON has no word for: %s', (_, batchCount, shown) => {
    const { message } = refusalOf(() => insert({ ...table, batchCount }))

    expect(message).toContain(`batchCount must be a whole number, not ${shown}`)
  })

  it('cut a long value to 200 characters', () => {
    const [fault] = refusalOf(() => insert({ objectType: 'x'.repeat(1000) })).faults

    expect(fault?.value).toBe(`${'x'.repeat(200)}...`)
  })

  it('can be given by a caller, for the whole as well as for a part', () => {
    const refusal = invalidConfig('process', [
      { path: '', message: 'must be an object' },
      { path: '/steps/0', value: 1, message: 'must be a step' },
    ])

    expect(refusal.message).toBe(
      'The process is not usable: it must be an object; steps/0 must be a step, not 1.',
    )
  })
})

describe('a field that only documents fill in', () => {
  it('is no option', () => {
    expect(refusalOf(() => insert({ ...table, insertId: 'a' })).faults).toEqual([
      {
        path: '/insertId',
        value: 'a',
        message: 'must not be an option: it is a property of documents',
      },
    ])
  })
})

describe('a field with labelled values', () => {
  const form = {
    type: 'object',
    properties: {
      after: {
        type: 'string',
        oneOf: [
          { const: 'KEEP', title: 'Keep' },
          { const: 'DELETE', title: 'Delete' },
        ],
      },
      wait: { type: 'string' },
    },
  }

  it('takes one of them', () => {
    expect(resolve(form, { after: 'KEEP' }, 'form')).toEqual({ after: 'KEEP' })
  })

  it('says them all when it is given another', () => {
    expect(refusalOf(() => resolve(form, { after: 'drop' }, 'form')).faults).toEqual([
      { path: '/after', value: 'drop', message: 'must be one of KEEP, DELETE' },
    ])
  })
})

describe('secrets', () => {
  const secret = 'correct-horse-battery-staple'

  it.each<[string, unknown]>([
    ['of the wrong type', { ...local, grant: 'access-token', accessToken: [secret] }],
    ['in a list instead of a key file', { projectId: 'demo', serviceAccountKey: [secret] }],
    ['beside a required value that is missing', { grant: 'jwt-bearer', signatureKey: secret }],
    ['beside a faulty value', { ...local, projectId: 'Not An Id', accessToken: secret, clientSecret: 1 }],
    ['under a misspelt name', { ...local, accesstoken: secret }],
    ['in a configuration that is text', JSON.stringify({ ...local, accessToken: secret })],
    ['in a configuration that is a list', [{ ...local, accessToken: secret }]],
  ])('never appear in message or faults: %s', (_, values) => {
    const refusal = refusalOf(() => connection(values))

    expect(refusal.faults.length).toBeGreaterThan(0)
    expect(refusal.message).not.toContain(secret)
    expect(JSON.stringify(refusal.faults)).not.toContain(secret)
  })
})

describe('the grant', () => {
  it.each<[string, Values]>([
    ['jwt-bearer with a key file as text', { projectId: 'demo', serviceAccountKey: '{}' }],
    [
      'jwt-bearer with a key file as an object',
      { projectId: 'demo', serviceAccountKey: { private_key: 'x' } },
    ],
    ['jwt-bearer with issuer and key', { projectId: 'demo', issuer: 'a@b', signatureKey: 'x' }],
    ['access-token with a token', { projectId: 'demo', grant: 'access-token', accessToken: 'x' }],
    ['none on this machine', local],
    ['a project id with a domain', { ...local, projectId: 'example.com:demo-1' }],
  ])('is taken: %s', (_, values) => {
    expect(connection(values)).toMatchObject(values)
  })

  it.each<[string, Values, string[]]>([
    ['jwt-bearer, the default, without a key', { projectId: 'demo' }, ['/issuer', '/signatureKey']],
    ['jwt-bearer with half a key', { projectId: 'demo', issuer: 'a@b' }, ['/signatureKey']],
    [
      'jwt-bearer with an empty key file',
      { projectId: 'demo', serviceAccountKey: '' },
      ['/serviceAccountKey'],
    ],
    ['access-token without a token', { projectId: 'demo', grant: 'access-token' }, ['/accessToken']],
    ['none with the default endpoint', { projectId: 'demo', grant: 'none' }, ['/endpoint']],
    [
      'none on another machine',
      { projectId: 'demo', grant: 'none', endpoint: 'https://bigquery.googleapis.com' },
      ['/endpoint'],
    ],
    ['an unknown one', { projectId: 'demo', grant: 'password' }, ['/grant']],
    ['any without a project', { ...local, projectId: undefined }, ['/projectId']],
  ])('is refused: %s', (_, values, paths) => {
    expect(refusalOf(() => connection(values)).faults.map(({ path }) => path)).toEqual(paths)
  })

  it('authorization-code asks for the one scope that everything needs, unless it is given others', () => {
    const client = {
      ...{ projectId: 'demo', grant: 'authorization-code' },
      ...{ clientId: 'c', clientSecret: 's', refreshToken: 'r' },
    }

    expect(connection(client)['scope']).toBe('https://www.googleapis.com/auth/bigquery')
    expect(connection({ ...client, scope: 'a b' })['scope']).toBe('a b')
  })

  it('says why a value is required', () => {
    expect(refusalOf(() => connection({ projectId: 'demo' })).message).toContain(
      'signatureKey is required: the grant jwt-bearer needs serviceAccountKey, or issuer with signatureKey',
    )
  })
})

describe('an endpoint', () => {
  it.each([
    'https://bigquery.googleapis.com/path',
    'https://bigquery.googleapis.com?a=1',
    'https://bigquery.googleapis.com#x',
    'https://bigquery.googleapis.com ',
    'https://user:hunter2@bigquery.googleapis.com',
    'ftp://localhost',
  ])('is scheme, host and port alone, not %s', (endpoint) => {
    const refusal = refusalOf(() => connection({ ...local, endpoint }))

    expect(new Set(refusal.faults.map(({ path }) => path))).toEqual(new Set(['/endpoint']))
    expect(refusal.message).not.toContain('hunter2')
  })
})

describe('this machine', () => {
  it.each([
    'http://localhost',
    'http://localhost:9050/',
    'http://LOCALHOST:1',
    'http://127.0.0.1:9050',
    'http://127.255.255.254',
    'http://127.1',
    'http://[::1]:9050',
    'https://localhost',
  ])('is %s', (url) => {
    expect(isLoopback(url)).toBe(true)
    expect(connection({ projectId: 'demo', grant: 'none', endpoint: url })['endpoint']).toBe(url)
  })

  it.each([
    'http://127.0.0.1.evil.com',
    'http://localhost@evil.com',
    'http://127.0.0.1@evil.com:80',
    'http://localhost.evil.com',
    'http://evil.com/localhost',
    'http://evil.com?localhost',
    'http://evil.com#@localhost',
    'http://evil.com\\@localhost',
    'http://1127.0.0.1.nip.io',
    'http://128.0.0.1',
    'http://0.0.0.0',
    'http://[::2]',
    'http://2130706434.evil.com',
    'localhost:9050',
    'not a url',
    '',
  ])('is not %s', (url) => {
    expect(isLoopback(url)).toBe(false)
    expect(refusalOf(() => connection({ ...local, endpoint: url })).faults).toContainEqual(
      expect.objectContaining({ path: '/endpoint', message: expect.stringMatching(/this machine/) }),
    )
  })

  it.each(['http://bigquery.googleapis.com', 'ftp://localhost', 'file:///etc/passwd'])(
    'is the only place for an endpoint without https: %s is refused',
    (endpoint) => {
      const values = { projectId: 'demo', grant: 'access-token', accessToken: 'x', endpoint }

      expect(refusalOf(() => connection(values)).faults.map(({ path }) => path)).toEqual(['/endpoint'])
    },
  )
})
