// A P12 file (PKCS #12) -> its private key. node:crypto takes no key out of one, node-forge does.
import { createPrivateKey, type KeyObject } from 'node:crypto'
import forge from 'node-forge'
import { invalidKey } from './invalid-key.ts'

const convert =
  'Export the key again, or convert it: openssl pkcs12 -in key.p12 -nodes -nocerts -out key.pem.'

/**
 * Reads the old protections (3DES, RC2, which Google's files have) and the new ones (PBES2 with AES).
 * @throws ConnectorError `BQC_KEY_INVALID`
 */
export function readP12(bytes: Uint8Array, password: string): KeyObject {
  const structure = parseStructure(bytes)
  const bags = openBags(structure, password)
  if (bags.length === 0) throw invalidKey('its P12 file holds no private key')
  const [bag] = bags
  // A key that is not RSA stays as it was found; it is refused by its type.
  const found = bag?.key ? forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(bag.key)) : bag?.asn1
  try {
    const der = Buffer.from(forge.asn1.toDer(found as forge.asn1.Asn1).getBytes(), 'binary')
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } catch {
    throw invalidKey('the private key in its P12 file is damaged', convert)
  }
}

function parseStructure(bytes: Uint8Array): forge.asn1.Asn1 {
  try {
    return forge.asn1.fromDer(Buffer.from(bytes).toString('binary'))
  } catch {
    throw invalidKey('it is neither PEM text, nor a P12 file in base64, nor the text of a JSON key file')
  }
}

function openBags(structure: forge.asn1.Asn1, password: string): forge.pkcs12.Bag[] {
  try {
    const file = forge.pkcs12.pkcs12FromAsn1(structure, false, password)
    const { keyBag, pkcs8ShroudedKeyBag } = forge.pki.oids as Record<string, string>
    return [pkcs8ShroudedKeyBag, keyBag].flatMap((type = '') => file.getBags({ bagType: type })[type] ?? [])
  } catch (thrown) {
    const said = thrown instanceof Error ? thrown.message : ''
    if (/invalid password|failed to decrypt/i.test(said)) {
      throw invalidKey(
        'signatureKeyPassword does not open its P12 file',
        "Check the password; that of Google's own files is notasecret.",
      )
    }
    throw invalidKey('its P12 file is damaged, or protected in a way that is not known here', convert)
  }
}
