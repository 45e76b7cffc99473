// bqc connection drop: forgets a connection, and its secrets.
import { Command } from 'commander'
import { openStore } from '../../open-store.ts'

interface DropCommandOptions {
  readonly force: boolean
  readonly ifExists: boolean
  readonly json: boolean
}

export function dropCommand(): Command {
  return new Command('drop')
    .description('forgets a stored connection; refuses while operations refer to it')
    .argument('<name>', 'name of the connection')
    .option('--force', 'although operations refer to it; they are unbound', false)
    .option('--if-exists', 'no error where there is none', false)
    .option('--json', 'machine-readable output', false)
    .action(drop)
}

async function drop(name: string, { json, ...options }: DropCommandOptions): Promise<void> {
  const report = await openStore().drop(name, options)
  if (json) process.stdout.write(`${JSON.stringify({ name, ...report })}\n`)
  else process.stdout.write(report.dropped ? `${name} is dropped.\n` : `There is no connection ${name}.\n`)
}
