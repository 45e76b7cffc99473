// The usual variables for proxies: HTTPS_PROXY, HTTP_PROXY, NO_PROXY. Only the command line looks at them.
import type { ConnectorOptions } from '../index.ts'

/** Lower case wins, as with curl. HTTP_PROXY alone serves for https too, as with Google's own clients. */
export function proxyOf(environment: NodeJS.ProcessEnv): Pick<ConnectorOptions, 'proxy'> {
  const variable = (name: string) => environment[name] || environment[name.toUpperCase()]
  const url = variable('https_proxy') || variable('http_proxy')
  if (!url) return {}
  const except = variable('no_proxy')
  return { proxy: { url: url.includes('://') ? url : `http://${url}`, ...(except ? { except } : {}) } }
}
