// The sockets below our HTTP: a keep-alive pool, straight to the service or through a proxy.
import { Agent, type buildConnector, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici'
import type { ProxyOptions } from '../contract/connector.ts'
import { ConnectorError } from '../errors.ts'

const connectTimeoutMs = 10_000
const pool = { keepAliveTimeout: 30_000, pipelining: 1 }

export function openDispatcher(proxy: ProxyOptions | undefined): Dispatcher {
  if (proxy === undefined) return new Agent({ ...pool, connect: { timeout: connectTimeoutMs } })
  return new EnvHttpProxyAgent({
    ...pool,
    connectTimeout: connectTimeoutMs,
    // Empty, not absent: a library does not read the environment by itself. Plain http is allowed to this
    // machine alone, because secrets must not leave it unencrypted: it never goes through a proxy.
    httpProxy: '',
    httpsProxy: proxy.url,
    noProxy: `${proxy.except ?? ''},localhost,127.0.0.1,[::1]`,
    clientFactory: (address, { connect }: Pool.Options) =>
      new Pool(address, { connect: naming(new URL(address).host, connect as buildConnector.connector) }),
  } as EnvHttpProxyAgent.Options)
}

/** A proxy that cannot be reached is named: the message of the request names the service. */
function naming(host: string, connect: buildConnector.connector): buildConnector.connector {
  return (options, done) =>
    connect(options, (thrown, socket) => {
      if (thrown === null) return done(null, socket)
      const { code = 'no answer' } = thrown as NodeJS.ErrnoException
      const message = `The proxy ${host} cannot be reached (${code}). Check its address, and that it runs.`
      done(new ConnectorError('BQC_NETWORK', message, { reason: code, cause: thrown }), null)
    })
}

/**
 * Checks a proxy's address. It may hold a password, so it is never shown.
 * @throws ConnectorError `BQC_CONFIG_INVALID`
 */
export function checkProxy({ url }: ProxyOptions): void {
  const { protocol = '' } = URL.parse(url) ?? {}
  if (protocol === 'http:' || protocol === 'https:') return
  const message = 'must be an http or https URL, such as http://proxy.example.com:3128'
  throw new ConnectorError('BQC_CONFIG_INVALID', `The address of the proxy ${message}.`, {
    faults: [{ path: '/proxy/url', message }],
  })
}
