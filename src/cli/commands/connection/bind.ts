// bqc connection bind, unbind, references: which operation uses which connection.
import { Command, InvalidArgumentError, Option } from 'commander'
import type { BindOptions } from '../../../index.ts'
import { table } from '../../format.ts'
import { openStore } from '../../open-store.ts'

export function bindCommand(): Command {
  return new Command('bind')
    .description('binds an operation to a connection; --connection operation:ID uses it then')
    .argument('<operation>', "the host's id of the operation")
    .argument('<name>', 'name of the connection')
    .addOption(
      new Option(
        '--as <how>',
        'live: always its newest revision; pinned: one revision; copied: a copy of its own',
      )
        .choices(['live', 'pinned', 'copied'])
        .default('live'),
    )
    .option('--revision <number>', 'revision to pin or copy, where it is not the current one', wholeNumber)
    .option('--json', 'machine-readable output', false)
    .action(bind)
}

export function unbindCommand(): Command {
  return new Command('unbind')
    .description('an operation lets go of its connection, or of its copy')
    .argument('<operation>', "the host's id of the operation")
    .option('--json', 'machine-readable output', false)
    .action(unbind)
}

export function referencesCommand(): Command {
  return new Command('references')
    .description('lists the operations that are bound, and how')
    .argument('[name]', 'name of a connection; all where none is given')
    .option('--json', 'machine-readable output', false)
    .action(references)
}

async function bind(
  operation: string,
  connection: string,
  { json, ...options }: Omit<BindOptions, 'connection'> & { readonly json: boolean },
): Promise<void> {
  const reference = await openStore().bind(operation, { connection, ...options })
  process.stdout.write(json ? `${JSON.stringify(reference)}\n` : `${operation}: ${reference.summary}\n`)
}

async function unbind(operation: string, { json }: { readonly json: boolean }): Promise<void> {
  const report = await openStore().unbind(operation)
  const line = `${operation} ${report.unbound ? 'is bound no more.' : 'was not bound.'}`
  process.stdout.write(`${json ? JSON.stringify({ operation, ...report }) : line}\n`)
}

async function references(name: string | undefined, { json }: { readonly json: boolean }): Promise<void> {
  const found = await openStore().references(name)
  if (json) for (const each of found) process.stdout.write(`${JSON.stringify(each)}\n`)
  else if (found.length === 0) process.stdout.write('No operation is bound.\n')
  else
    process.stdout.write(
      `${table(
        ['operation', 'connection'],
        found.map(({ operation, summary }) => [operation, summary]),
      )}\n`,
    )
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number.')
}
