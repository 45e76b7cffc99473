// Opens a page in the person's browser, where there is one.
import { spawn } from 'node:child_process'

/** The program that opens an address with whatever the person likes; none of them is a shell. */
function openerOf(platform: NodeJS.Platform, environment: NodeJS.ProcessEnv): readonly string[] | undefined {
  if (platform === 'darwin') return ['open']
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler']
  return environment['DISPLAY'] || environment['WAYLAND_DISPLAY'] ? ['xdg-open'] : undefined
}

/** False where no browser could be started. One that starts and then fails is not noticed. */
export async function openBrowser(url: string): Promise<boolean> {
  const [program, ...args] = openerOf(process.platform, process.env) ?? []
  if (program === undefined) return false
  // The keys of the connection store are none of the browser's business.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('BQC_')))
  return new Promise((resolve) => {
    const child = spawn(program, [...args, url], { env, stdio: 'ignore', detached: true })
    child.once('error', () => resolve(false))
    child.once('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}
