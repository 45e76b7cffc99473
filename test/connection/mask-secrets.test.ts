import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMask, createReplyMask, secretTexts } from '../../src/connection/mask-secrets.ts'
import { loadDescriptor } from '../../src/descriptor/load.ts'

const form = loadDescriptor().connections[0]?.config ?? {}
const bearer = { headers: { authorization: 'Bearer ya29.A0ARrdaM-token' } }

describe('an answer', () => {
  it('is masked where it quotes a secret, in whole or in a part of six characters', () => {
    const mask = createMask(['Zx9-kQ2_vR7'])

    expect(mask('no Zx9-kQ2_vR7 here')).toBe('no *** here')
    expect(mask('no Zx9-kQ... here')).toBe('no ***... here')
    expect(mask('Zx9-k, -kQ2_')).toBe('Zx9-k, -kQ2_')
  })

  it('is masked where it quotes what its request carried', () => {
    const mask = createReplyMask([])
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: '1//0gQx+/&Z' }).toString()
    const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body }

    expect(mask('{"error":{"message":"bad ya29.A0ARrdaM-token"}}', bearer)).toBe(
      '{"error":{"message":"bad ***"}}',
    )
    expect(mask(`<p>${body}</p>`, form)).toBe('<p>grant_type=refresh_token&refresh_token=***</p>')
  })

  it('stays JSON whatever a secret is made of', () => {
    const mask = createReplyMask(['","code":1,"'])

    const masked = mask('{"message":"","code":1,"note":"quoted: \\",\\"code\\":1,\\""}', bearer)

    expect(JSON.parse(masked)).toEqual({ message: '', code: 1, note: 'quoted: ***' })
  })

  it('keeps its error codes, also where a secret looks like one', () => {
    const mask = createMask(['client-of-mine', 'secret-project'])

    expect(mask('invalid_client: the client_secret of client-of-mine')).toBe(
      'invalid_client: the client_secret of ***',
    )
  })

  it('is not masked for what a credential file says to everybody', () => {
    const key = {
      type: 'service_account',
      client_email: 'loader@demo.iam.gserviceaccount.com',
      token_uri: 'https://oauth2.googleapis.com/token',
      private_key: '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n-----END PRIVATE KEY-----\n',
    }
    const texts = secretTexts({ serviceAccountKey: JSON.stringify(key), projectId: 'demo-project' }, form)
    const mask = createMask(texts)

    expect(texts).toEqual([key.private_key])
    expect(mask(`${key.client_email} at ${key.token_uri}: "BEGIN PRIVATE KEY" MIIEvQIB`)).toBe(
      `${key.client_email} at ${key.token_uri}: "BEGIN PRIVATE KEY" ***`,
    )
  })

  it('never keeps six characters of a secret in a row, however it spells them', () => {
    // Secrets have letters of their own, so that nothing else can look like them.
    const secret = fc.string({
      unit: fc.constantFrom(...'ĀāĂăĄąЖжЩщ€𝄞"\\\n&%+'),
      minLength: 6,
      maxLength: 60,
    })
    const around = fc.string({ unit: fc.constantFrom(...'abc {}[]:,'), maxLength: 20 })
    fc.assert(
      fc.property(secret, around, around, (hidden, before, after) => {
        const spellings = [
          hidden,
          JSON.stringify(hidden).slice(1, -1),
          encodeURIComponent(hidden),
          new URLSearchParams([['', hidden]]).toString().slice(1),
          Buffer.from(hidden).toString('base64'),
          Buffer.from(hidden).toString('base64url'),
        ]
        const mask = createReplyMask([hidden])
        for (const spelling of spellings) {
          for (const text of [
            `${before}${spelling}${after}`,
            JSON.stringify({ message: before + spelling + after }),
          ]) {
            const masked = mask(text, {})
            for (let at = 0; at + 6 <= spelling.length; at += 1) {
              expect(masked).not.toContain(spelling.slice(at, at + 6))
            }
          }
        }
      }),
    )
  })
})
