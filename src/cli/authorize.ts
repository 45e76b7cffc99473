// Asks a person for consent: opens the page, and waits for the answer on this machine.
import {
  type ConnectionConfig,
  type Connector,
  ConnectorError,
  type GivenConsent,
  type ResolvedConnection,
} from '../index.ts'
import { openLoopbackRedirect } from './loopback-redirect.ts'
import { openBrowser } from './open-browser.ts'

export interface AuthorizeOptions {
  readonly loginHint?: string
  /** False leaves the opening to the person. */
  readonly browser: boolean
  /** Tells the person the address; `opened` says whether a browser was started on it. */
  readonly announce: (url: string, opened: boolean) => void
  readonly signal: AbortSignal
}

/** @throws ConnectorError `BQC_CONFIG_INVALID`, `BQC_CONSENT_REFUSED`, `BQC_ABORTED` and what an exchange throws. */
export async function authorize(
  connector: Connector,
  config: ConnectionConfig | ResolvedConnection,
  { loginHint, browser, announce, signal }: AuthorizeOptions,
): Promise<GivenConsent> {
  const redirect = await openLoopbackRedirect()
  try {
    const consent = await connector.generate(config, {
      redirectUri: redirect.uri,
      ...(loginHint === undefined ? {} : { loginHint }),
    })
    announce(consent.url, browser && (await openBrowser(consent.url)))
    const tooLate = AbortSignal.timeout(consent.expiresAt - Date.now())
    return await redirect
      .answer(
        (callbackUrl) => consent.complete(callbackUrl, { signal }),
        (thrown) => thrown instanceof ConnectorError && thrown.reason === 'state_mismatch',
        AbortSignal.any([signal, tooLate]),
      )
      .catch((thrown: unknown) => {
        if (signal.aborted)
          throw new ConnectorError(
            'BQC_ABORTED',
            'Stopped before consent was given. No refresh token was kept.',
          )
        if (!tooLate.aborted || thrown !== tooLate.reason) throw thrown
        throw new ConnectorError(
          'BQC_CONSENT_REFUSED',
          'Nobody has answered within 15 minutes. Run the command again.',
          { reason: 'consent_expired' },
        )
      })
  } finally {
    await redirect.close()
  }
}
