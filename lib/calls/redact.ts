/**
 * Secrets taken out of text that is kept or shown: keys and tokens by their well-known prefixes, what follows a word
 * such as `password=` or `--token`, authorization headers, and passwords in addresses. It errs on the side of hiding.
 */
const secrets: readonly (readonly [RegExp, string?])[] = [
  [/\b(?:sk|pk|rk)[-_](?:[A-Za-z]{2,8}[-_]){0,3}[A-Za-z0-9_-]{12,}/g],
  [/\b(?:ghp|gho|ghu|ghs|ghr|github_pat|glpat|xox[abprs]|npm|pypi|hf|AKIA|ASIA|AIza|ya29)[-_.]?[A-Za-z0-9_./-]{12,}/g],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?/g],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g],
  [/([a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@]{0,200}:)[^\s/@]{1,400}(?=@)/gi, '$1'],
  [/\b((?:proxy-)?authorization\s*[:=]\s*["']?(?:(?:bearer|basic|token|digest)\s+)?)[^\s"',;]{1,2000}/gi, '$1'],
  [/\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}/gi, '$1'],
  [
    /((?:^|[\s"'{,;&?(])[\w.-]{0,40}(?:password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?)["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|[^\s"',;&}]+)/gi,
    '$1',
  ],
  [
    /((?:^|[\s"'`([{,;=])--?[\w-]{0,40}(?:password|passwd|passphrase|secret|token|api-?key|access-?key)\s+)(?:"[^"]*"|'[^']*'|[^\s"']+)/gi,
    '$1',
  ],
  [/((?:^|[\s"'`([{,;=])(?:-u|--user)[ =]["']?[^\s:"']{1,100}:)[^\s"']+/g, '$1'],
  [/\b(?=[A-Za-z0-9+/_-]*\d)(?=[A-Za-z0-9+/_-]*[A-Z])(?=[A-Za-z0-9+/_-]*[a-z])[A-Za-z0-9+/_-]{40,}={0,2}/g],
]

/** Text with secrets replaced by `[redacted]`; looks at the first 4,096 characters and drops the rest. */
export function redact(text: string): string {
  let out = text.slice(0, 4096)
  for (const [expression, before = ''] of secrets) out = out.replace(expression, `${before}[redacted]`)
  return out
}
