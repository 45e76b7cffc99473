// How stored resources take in what a client sends: which fields are kept, and how a PATCH merges.

export function sentFields(
  body: Readonly<Record<string, unknown>>,
  outputOnly: readonly string[],
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([key]) => !outputOnly.includes(key)))
}

/** Only sent fields change; null clears a field; labels merge key by key. */
export function mergePatch(
  old: Readonly<Record<string, unknown>>,
  sent: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...old }
  for (const [key, value] of Object.entries(sent)) {
    if (value === null) delete merged[key]
    else if (key === 'labels' || key === 'resourceTags')
      merged[key] = mergePatch((old[key] ?? {}) as Record<string, unknown>, value as Record<string, unknown>)
    else merged[key] = value
  }
  return merged
}
