// The pages a person sees at the authorization endpoint: plain HTML, without a script, readable without a mouse.
import { Reply } from '../routes/route.ts'
import type { AuthorizationError, AuthorizationRequest } from './authorization-request.ts'
import { wordsFor } from './scopes.ts'

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 34rem; margin: 8vh auto; padding: 0 1.5rem }
h1 { font-size: 1.4rem; line-height: 1.3 }
li { margin: .5rem 0 }
code { overflow-wrap: anywhere }
li code { display: block; opacity: .75; font-size: .85rem }
form { display: flex; gap: 1rem; margin-top: 2rem }
button { font: inherit; padding: .6rem 1.6rem; border-radius: .4rem; border: 1px solid #1a56c4; cursor: pointer }
button[value=allow] { background: #1a56c4; color: #fff }
button[value=deny] { background: none; color: inherit }
button:focus-visible { outline: 3px solid #e8a33d; outline-offset: 2px }`

/** Not framed, not kept, not told to whoever comes next. */
const HEADERS = {
  'Content-Type': 'text/html; charset=UTF-8',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'X-Frame-Options': 'DENY',
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
}

/** @param ticket proves that the answer comes from this page. */
export function consentPage(request: AuthorizationRequest, ticket: string, cookie: string): Reply {
  const { client, account, scopes, redirectUri, offline } = request
  const items = scopes.map((scope) => `<li>${safe(wordsFor(scope))} <code>${safe(scope)}</code></li>`)
  const whileAway = offline
    ? ' The application keeps this access while you are away, until you take it back.'
    : ''
  return page(
    200,
    `${client.name} wants to use your account`,
    `<p>The application <strong>${safe(client.name)}</strong> asks for the consent of
<strong>${safe(account)}</strong>. It wants to:</p>
<ul>${items.join('\n')}</ul>
<p>Your answer goes to <code>${safe(new URL(redirectUri).origin)}</code>.${whileAway}</p>
<form method="post" action="/o/oauth2/v2/auth">
<input type="hidden" name="ticket" value="${safe(ticket)}">
<button type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button>
</form>`,
    { 'Set-Cookie': cookie },
  )
}

export function errorPage({ status, code, message }: AuthorizationError): Reply {
  const body = `<p>${safe(message)}</p>
<p>Error ${status}: <code>${safe(code)}</code></p>
<p>Nothing was sent to the application. Go back to it and start again.</p>`
  return page(status, 'Access blocked: this request is not valid', body)
}

function page(status: number, title: string, body: string, headers: Record<string, string> = {}): Reply {
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${safe(title)}</title><style>${STYLE}</style></head>
<body><main>
<h1>${safe(title)}</h1>
${body}
<p><small>This is the embedded BigQuery on your own machine. No Google account is touched.</small></p>
</main></body>
</html>
`
  return new Reply(status, html, { ...HEADERS, ...headers })
}

function safe(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, (char) => entities[char] ?? char)
}
