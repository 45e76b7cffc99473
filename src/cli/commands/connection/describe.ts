// bqc connection describe: one stored connection, without its secrets.
import { Command } from 'commander'
import { openStore } from '../../open-store.ts'
import { printStored } from './show.ts'

export function describeCommand(): Command {
  return new Command('describe')
    .description('shows a stored connection; of secrets only that they are there')
    .argument('<name>', 'name of the connection')
    .option('--json', 'machine-readable output', false)
    .action(describe)
}

async function describe(name: string, { json }: { readonly json: boolean }): Promise<void> {
  const stored = await openStore().describe(name)
  if (json) process.stdout.write(`${JSON.stringify(stored)}\n`)
  else printStored(stored.name, stored)
}
