import fc from 'fast-check'
import { decodeJwt, decodeProtectedHeader, importSPKI, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { openTokenSource } from '../../../src/connection/grants/grants.ts'
import { readSigningKey } from '../../../src/connection/grants/signing-key.ts'
import type { ConnectionConfig } from '../../../src/contract/connection.ts'
import type { ConnectorError } from '../../../src/errors.ts'
import { bareP12Of, makeKey, p12Of, p12WithoutKey, pemOf } from '../../fixtures/keys.ts'
import { resolvedConnection } from '../../fixtures/resolved-connection.ts'

const key = makeKey()
const weak = makeKey('rsa', 1024)
const ec = makeKey('ec')
const email = 'loader@demo.iam.gserviceaccount.com'
const password = 'open sesame'
const keyFile = {
  type: 'service_account',
  private_key: key.pem,
  private_key_id: 'key-1',
  client_email: email,
}
const noon = Date.parse('2026-11-21T12:00:00Z')

const forms: readonly (readonly [string, Partial<ConnectionConfig>])[] = [
  ['the object of a JSON key file', { serviceAccountKey: keyFile }],
  ['the text of a JSON key file', { serviceAccountKey: JSON.stringify(keyFile) }],
  ['the text of a JSON key file as signature key', { signatureKey: `\n ${JSON.stringify(keyFile)}` }],
  ['PEM (PKCS#8)', { signatureKey: key.pem }],
  ['PEM (PKCS#1)', { signatureKey: pemOf(key, 'pkcs1') }],
  ['encrypted PEM (PKCS#8)', { signatureKey: pemOf(key, 'pkcs8', password), signatureKeyPassword: password }],
  ['encrypted PEM (PKCS#1)', { signatureKey: pemOf(key, 'pkcs1', password), signatureKeyPassword: password }],
  ['PEM with its line breaks spelt out', { signatureKey: key.pem.replaceAll('\n', '\\n') }],
  ['PEM on one line', { signatureKey: key.pem.replaceAll('\n', ' ') }],
  ['PEM with line breaks of Windows', { signatureKey: key.pem.replaceAll('\n', '\r\n') }],
  ['PEM among other things', { signatureKey: `Bag Attributes\n${key.publicPem}${key.pem}` }],
  ['P12 (3DES)', { signatureKey: p12Of(key, '3des', password), signatureKeyPassword: password }],
  ['P12 (3DES) with the usual password', { signatureKey: p12Of(key, '3des', 'notasecret') }],
  ['P12 (AES)', { signatureKey: p12Of(key, 'aes256', password), signatureKeyPassword: password }],
  ['P12 without password', { signatureKey: bareP12Of(key), signatureKeyPassword: '' }],
  ['P12 in lines of 76', { signatureKey: p12Of(key, '3des', 'notasecret').replaceAll(/.{76}/g, '$&\r\n') }],
]

describe('one key', () => {
  it.each(forms)('signs the same claims as %s, validly', async (_, values) => {
    const config = { issuer: email, keyId: 'key-1', selfSigned: true, ...values }
    const unsent = { send: () => Promise.reject(new Error('sent')), close: async () => {} }
    const tokens = await openTokenSource(resolvedConnection(config), unsent, () => noon)

    const jwt = (await tokens.token()) ?? ''

    await jwtVerify(jwt, await importSPKI(key.publicPem, 'RS256'), { currentDate: new Date(noon) })
    expect(decodeProtectedHeader(jwt)).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key-1' })
    expect(decodeJwt(jwt)).toMatchObject({ iss: email, sub: email, iat: noon / 1000 - 30 })
  })

  it('gives the very same assertion in every form', async () => {
    const sent = new Set<string>()
    for (const [, values] of forms) {
      const http = {
        async send({ body }: { body?: string | Uint8Array }) {
          sent.add(String(body))
          return { status: 200, headers: {}, text: '{"access_token":"t"}' }
        },
        close: async () => {},
      }
      const config = resolvedConnection({ issuer: email, keyId: 'key-1', ...values })
      await (await openTokenSource(config, http, () => noon)).token()
    }

    expect(sent.size).toBe(1)
  })
})

describe('a key that is none', () => {
  const truncated = key.pem.slice(0, 800)
  const p12 = p12Of(key, '3des', password)
  const cut = Buffer.from(p12, 'base64').subarray(0, 900).toString('base64')
  const secrets = [key, weak, ec].map(({ pem }) => pem.replace(/-----[A-Z ]+-----|\s/g, '').slice(60, 100))

  it.each<[string, Partial<ConnectionConfig>, RegExp]>([
    ['text that is not JSON', { serviceAccountKey: key.pem }, /private_key and client_email missing/],
    ['a JSON list', { serviceAccountKey: '[]' }, /private_key and client_email missing/],
    ['JSON null', { serviceAccountKey: 'null' }, /private_key and client_email missing/],
    ['JSON cut short', { signatureKey: JSON.stringify(keyFile).slice(0, -9) }, /client_email missing/],
    [
      'a user\u2019s credentials',
      { serviceAccountKey: { type: 'authorized_user', refresh_token: 'y' } },
      /of the type authorized_user.*Use the grant application-default/,
    ],
    [
      'a key file without an e-mail address',
      { serviceAccountKey: { private_key: key.pem } },
      /: client_email missing/,
    ],
    [
      'a key file with an EC key',
      { serviceAccountKey: { private_key: ec.pem, client_email: email } },
      /of the type EC; service accounts sign with RSA/,
    ],
    ['an EC key', { signatureKey: ec.pem }, /of the type EC/],
    ['an EC key in a P12', { signatureKey: bareP12Of(ec), signatureKeyPassword: '' }, /of the type EC/],
    ['a truncated PEM', { signatureKey: truncated }, /holds no whole private key/],
    [
      'a PEM truncated inside its frame',
      { signatureKey: `${truncated}\n-----END PRIVATE KEY-----\n` },
      /PEM text is damaged/,
    ],
    ['a public key', { signatureKey: key.publicPem }, /holds no whole private key/],
    ['a key too short for RS256', { signatureKey: weak.pem }, /shorter than 2048 bits/],
    ['a P12 with a key too short', { signatureKey: p12Of(weak, '3des', 'notasecret') }, /shorter than 2048/],
    ['no key at all', {}, /neither PEM text, nor a P12 file/],
    ['words', { signatureKey: 'see the safe in room 5' }, /neither PEM text, nor a P12 file/],
    ['base64 of something else', { signatureKey: 'aGVsbG8gd29ybGQ=' }, /neither PEM text, nor a P12/],
    ['a P12 under another password', { signatureKey: p12 }, /signatureKeyPassword does not open its P12/],
    [
      'a P12 (AES) under another password',
      { signatureKey: p12Of(key, 'aes256', password), signatureKeyPassword: 'wrong password' },
      /signatureKeyPassword does not open its P12 file.*notasecret/,
    ],
    ['a truncated P12', { signatureKey: cut }, /neither PEM text, nor a P12 file/],
    [
      'a P12 without a key',
      { signatureKey: p12WithoutKey(key, password), signatureKeyPassword: password },
      /P12 file holds no private key/,
    ],
    [
      'an encrypted PEM under another password',
      { signatureKey: pemOf(key, 'pkcs8', password), signatureKeyPassword: 'wrong password' },
      /signatureKeyPassword does not open its PEM\. Check the password/,
    ],
    [
      'a key file that sends the assertion in clear over the network',
      { serviceAccountKey: { ...keyFile, token_uri: 'http://oauth2.googleapis.com/token' } },
      /token_uri is not an https URL/,
    ],
  ])('is told in one clear line without key and password: %s', async (_, values, expected) => {
    const config = { projectId: 'demo', issuer: email, signatureKeyPassword: 'notasecret', ...values }
    const refusal: ConnectorError = await readSigningKey(config).then(
      () => Promise.reject(new Error('nothing was refused')),
      (thrown) => thrown,
    )

    expect(refusal.code).toBe('BQC_KEY_INVALID')
    expect(refusal.message).toMatch(expected)
    expect(refusal.message).not.toContain('\n')
    expect(refusal.cause).toBeUndefined()
    for (const secret of [...secrets, password, 'wrong password', p12.slice(60, 100)]) {
      expect(refusal.message).not.toContain(secret)
    }
  })

  const damaged = (base64: string, at: number, byte: number): string => {
    const bytes = Buffer.from(base64, 'base64')
    bytes[at % bytes.length] = byte
    return bytes.toString('base64')
  }
  const framed = (text: string) => `-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----`
  const [der = ''] = [key.pem.replace(/-----[A-Z ]+-----|\s/g, '')]

  it.each<[string, fc.Arbitrary<string>]>([
    ['any text', fc.string({ minLength: 12, maxLength: 300 })],
    ['any bytes', fc.uint8Array({ minLength: 12 }).map((bytes) => Buffer.from(bytes).toString('base64'))],
    ['a PEM of any bytes', fc.base64String({ minLength: 12 }).map(framed)],
    [
      'a PEM with one byte changed',
      fc.tuple(fc.nat(), fc.nat(255)).map(([at, byte]) => framed(damaged(der, at, byte))),
    ],
    ['a P12 with one byte changed', fc.tuple(fc.nat(), fc.nat(255)).map((change) => damaged(p12, ...change))],
  ])('is never quoted and never a fault of ours: %s', async (_, texts) => {
    const values = { projectId: 'demo', issuer: email, signatureKeyPassword: password }
    await fc.assert(
      fc.asyncProperty(texts, async (signatureKey) => {
        // A change may hit what does not matter, such as the name of the key.
        const refusal = await readSigningKey({ ...values, signatureKey }).then(
          () => undefined,
          (thrown) => thrown,
        )

        expect(refusal?.code ?? 'BQC_KEY_INVALID').toBe('BQC_KEY_INVALID')
        const { message = '', cause } = refusal ?? {}
        expect(cause).toBeUndefined()
        expect(message).not.toContain('\n')
        for (let at = 0; at + 12 <= signatureKey.length; at += 6) {
          const piece = signatureKey.slice(at, at + 12)
          if (!piece.includes('KEY-----') && !piece.includes('-----B')) expect(message).not.toContain(piece)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('is not the matter when nobody says whose key it is', async () => {
    await expect(readSigningKey({ projectId: 'demo', signatureKey: key.pem })).rejects.toThrow(
      /issuer is required: a P12 file and PEM text do not say whose key they hold/,
    )
  })
})
