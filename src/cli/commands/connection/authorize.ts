// bqc connection authorize: a person consents to a stored connection, and its refresh token is kept.
import { Command } from 'commander'
import { type ConnectionValues, createConnector, type SecretMark } from '../../../index.ts'
import { authorize } from '../../authorize.ts'
import { onInterrupt } from '../../interrupt.ts'
import { openStore, usualEnvironment } from '../../open-store.ts'
import { proxyOf } from '../../proxy.ts'

interface AuthorizeCommandOptions {
  readonly environment?: string
  readonly loginHint?: string
  readonly browser: boolean
  readonly json: boolean
}

export function authorizeCommand(): Command {
  return new Command('authorize')
    .description('asks a person for consent, and keeps the refresh token sealed')
    .argument('<name>', 'connection with the grant authorization-code')
    .option('--environment <name>', 'environment that the consent is for; default $BQC_ENVIRONMENT')
    .option('--login-hint <e-mail>', 'account that the page proposes')
    .option('--no-browser', 'print the address, and leave the opening to the person')
    .option('--json', 'machine-readable output: a line with the url, and one with what was granted', false)
    .action(authorizeStored)
}

async function authorizeStored(name: string, options: AuthorizeCommandOptions): Promise<void> {
  const { environment = usualEnvironment(), browser, json, loginHint } = options
  const store = openStore(environment)
  const { values, environments = {} } = await store.describe(name)
  const isOwn = environment !== undefined && Object.hasOwn(environments, environment)
  const overrides = isOwn ? environments[environment] : undefined
  const own = isOwn ? { environment } : {}
  // What an import has left out is about to come.
  if (lacksRefreshToken(values)) await store.patch(name, { refreshToken: null })
  if (overrides && lacksRefreshToken(overrides)) await store.patch(name, { refreshToken: null }, own)
  const connection = await store.resolve(name, { override: { refreshToken: undefined } })
  const interrupt = onInterrupt('Stopping.')
  try {
    const given = await authorize(createConnector(proxyOf(process.env)), connection, {
      ...(loginHint === undefined ? {} : { loginHint }),
      browser,
      announce: json ? announceAsJson : announce,
      signal: interrupt.signal,
    })
    const { refreshToken, scope, missingScopes } = given
    const { revision } = await store.patch(name, { refreshToken }, own)
    if (json) process.stdout.write(`${JSON.stringify({ name, revision, ...own, scope, missingScopes })}\n`)
    else {
      process.stdout.write(`Consent is given, and its refresh token is kept sealed in ${name}.\n`)
      process.stdout.write(`Granted: ${scope}\n`)
      if (missingScopes.length > 0) process.stdout.write(`Not granted: ${missingScopes.join(' ')}\n`)
    }
  } finally {
    interrupt.release()
  }
}

function lacksRefreshToken({ refreshToken }: ConnectionValues): boolean {
  return (refreshToken as SecretMark | undefined)?.set === false
}

function announce(url: string, opened: boolean): void {
  const how = opened
    ? 'A browser was opened. Where it shows nothing, open this address in one on this machine:'
    : 'Open this address in a browser on this machine, and answer there:'
  process.stdout.write(`${how}\n${url}\n`)
  process.stderr.write('Waiting for the answer, 15 minutes at most. Ctrl-C stops.\n')
}

function announceAsJson(url: string): void {
  process.stdout.write(`${JSON.stringify({ url })}\n`)
}
