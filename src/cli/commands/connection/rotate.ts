// bqc connection rotate: seals everything under another master key.
import { Command } from 'commander'
import { addMasterKey, ConnectorError } from '../../../index.ts'
import { count } from '../../format.ts'
import { keyFilePath, openStore } from '../../open-store.ts'

export function rotateCommand(): Command {
  return new Command('rotate')
    .description('seals all secrets under the first master key')
    .option('--new-key', 'first make a new key, and put it before the others in the key file', false)
    .option('--json', 'machine-readable output', false)
    .action(rotate)
}

async function rotate({ newKey, json }: { readonly newKey: boolean; readonly json: boolean }): Promise<void> {
  const hasOwnKeys = Boolean(process.env['BQC_MASTER_KEYS'])
  if (newKey && hasOwnKeys) {
    throw new ConnectorError(
      'BQC_CONFIG_INVALID',
      'The keys stand in BQC_MASTER_KEYS: put a new one first there, and run rotate without --new-key.',
    )
  }
  if (newKey) await addMasterKey(keyFilePath())
  const { resealed, kid } = await openStore().rotate()
  if (json) process.stdout.write(`${JSON.stringify({ resealed, kid })}\n`)
  else {
    const place = hasOwnKeys ? 'BQC_MASTER_KEYS' : keyFilePath()
    process.stdout.write(
      `${count(resealed)} sealed again under the key ${kid}. Other keys in ${place} are not needed for this store any more.\n`,
    )
  }
}
