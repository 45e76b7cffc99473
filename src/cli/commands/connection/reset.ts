// bqc connection reset: takes a consent back, and forgets the refresh token.
import { Command } from 'commander'
import { createConnector } from '../../../index.ts'
import { onInterrupt } from '../../interrupt.ts'
import { openStore, usualEnvironment } from '../../open-store.ts'
import { proxyOf } from '../../proxy.ts'

interface ResetCommandOptions {
  readonly environment?: string
  readonly json: boolean
}

export function resetCommand(): Command {
  return new Command('reset')
    .description('takes a consent back at the issuer, and forgets the refresh token')
    .argument('<name>', 'connection with the grant authorization-code')
    .option('--environment <name>', 'environment whose consent is meant; default $BQC_ENVIRONMENT')
    .option('--json', 'machine-readable output', false)
    .action(reset)
}

async function reset(name: string, options: ResetCommandOptions): Promise<void> {
  const { environment = usualEnvironment(), json } = options
  const store = openStore(environment)
  const { environments = {} } = await store.describe(name)
  const isOwn =
    environment !== undefined &&
    Object.hasOwn(environments, environment) &&
    environments[environment]?.['refreshToken'] !== undefined
  const interrupt = onInterrupt('Stopping.')
  try {
    const connector = createConnector(proxyOf(process.env))
    const { revoked, message } = await connector.reset(await store.resolve(name), {
      signal: interrupt.signal,
    })
    const { revision } = await store.patch(name, { refreshToken: null }, isOwn ? { environment } : {})
    if (json) process.stdout.write(`${JSON.stringify({ name, revision, revoked, message })}\n`)
    else process.stdout.write(`${message}\n${name} has no refresh token now.\n`)
  } finally {
    interrupt.release()
  }
}
