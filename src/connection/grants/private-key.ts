// The text of a private key, as PEM or as a P12 file in base64 -> an RSA key that can sign.
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { invalidKey } from './invalid-key.ts'

/** RS256 signs with no shorter key (RFC 7518, section 3.3). */
const shortestBits = 2048

/**
 * @param password opens a P12 or an encrypted PEM.
 * @throws ConnectorError `BQC_KEY_INVALID`
 */
export async function readPrivateKey(text: string, password: string): Promise<KeyObject> {
  const key = text.includes('-----BEGIN') ? readPem(text, password) : await readBase64(text, password)
  if (key.asymmetricKeyType !== 'rsa') {
    const type = key.asymmetricKeyType?.toUpperCase() ?? 'secret'
    throw invalidKey(`its private key is of the type ${type}; service accounts sign with RSA`)
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (bits < shortestBits) throw invalidKey(`its private key is shorter than ${shortestBits} bits`)
  return key
}

function readPem(text: string, password: string): KeyObject {
  // Keys that came through an environment variable or a form often have their line breaks spelt out.
  const block = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----(.*?)-----END \1-----/s.exec(
    text.replaceAll('\\n', '\n'),
  )
  if (block === null) {
    throw invalidKey('its PEM text holds no whole private key ("-----BEGIN PRIVATE KEY-----" to the end)')
  }
  const [pem, label = '', body = ''] = block
  const isEncrypted = label.startsWith('ENCRYPTED') || body.includes('ENCRYPTED')
  try {
    return createPrivateKey({ key: body.includes(':') ? pem : reframed(label, body), passphrase: password })
  } catch {
    // What was thrown is not kept: a parser's message may quote what it could not read.
    if (isEncrypted) throw invalidKey('signatureKeyPassword does not open its PEM', 'Check the password.')
    throw invalidKey('its PEM text is damaged, or holds no private key')
  }
}

/** Lines of 64 characters, as parsers want them; forms and variables turn line breaks into blanks. */
function reframed(label: string, body: string): string {
  const lines = body.replaceAll(/\s+/g, '').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`].join('\n')
}

async function readBase64(text: string, password: string): Promise<KeyObject> {
  const digits = text.replaceAll(/\s+/g, '')
  if (digits === '' || !/^[A-Za-z0-9+/_-]+=*$/.test(digits)) {
    throw invalidKey('it is neither PEM text, nor a P12 file in base64, nor the text of a JSON key file')
  }
  // Most connections never see a P12, and its reader takes a while to load.
  const { readP12 } = await import('./p12.ts')
  return readP12(Buffer.from(digits, 'base64'), password)
}
