// The token of the machine's own account, from Google Cloud's metadata server. Google's library finds the
// server and asks it: at an address that only this machine has, so through no pool and no proxy.
import { ConnectorError } from '../../errors.ts'
import type { Token } from '../token-source.ts'

export async function fetchMetadataToken(scopes: readonly string[], now: () => number): Promise<Token> {
  const { gcpMetadata } = await import('google-auth-library')
  if (!(await gcpMetadata.isAvailable())) {
    throw new ConnectorError(
      'BQC_CONFIG_INVALID',
      'This machine has no application default credentials. Run gcloud auth application-default login, set GOOGLE_APPLICATION_CREDENTIALS, or fill in the field credentials.',
    )
  }
  const answer = await gcpMetadata
    .instance({ property: 'service-accounts/default/token', params: { scopes: scopes.join(',') } })
    .catch((thrown: { response?: { status?: number }; message?: string }) => {
      const status = thrown.response?.status
      throw new ConnectorError(
        status === undefined || status >= 500 ? 'BQC_SERVICE_UNAVAILABLE' : 'BQC_SIGN_IN_REFUSED',
        `The metadata server issued no token (${status ?? thrown.message}). Check that the machine has a service account, and access to its scopes.`,
        status === undefined ? {} : { httpStatus: status },
      )
    })
  const { access_token: value, expires_in: seconds } = answer as { access_token: string; expires_in: number }
  return { value, expiresAt: now() + seconds * 1000 }
}
