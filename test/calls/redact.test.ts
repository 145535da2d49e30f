import { describe, expect, it } from 'vitest'
import { redact } from '../../lib/calls/redact.ts'

/** Built from parts, so that no scanner takes this file for a leak. */
const random = 'aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7d'
const key = (prefix: string) => `${prefix}${random.slice(0, 36)}`
const jwt = `eyJ${'hbGciOiJIUzI1NiJ9'}.eyJ${'zdWIiOiIxMjM0NTY3ODkwIn0'}.${'dozjgNryP4J3jVmNHl0w5N'}`

describe('no part of a secret is left', () => {
  it.each<[what: string, text: string, secret: string]>([
    ['an API key in the environment', `API_KEY=${key('x')} npm test`, key('x')],
    ['a key of a model vendor', `curl -H "x-api-key: ${key('sk-ant-api03-')}" https://a.b`, key('sk-ant-api03-')],
    ['a short-prefixed key', `export K=${key('sk-')}`, key('sk-')],
    ['a GitHub token', `git clone https://${key('ghp_')}@github.com/a/b`, key('ghp_')],
    ['a fine-grained GitHub token', key('github_pat_'), key('github_pat_')],
    ['a GitLab token', `--header "PRIVATE-TOKEN: ${key('glpat-')}"`, key('glpat-')],
    ['a Slack token', key('xoxb-'), key('xoxb-')],
    ['an AWS key id', `AKIA${'IOSFODNN7EXAMPLE'}`, 'IOSFODNN7EXAMPLE'],
    ['an AWS secret', `aws_secret_access_key = ${random}`, random],
    ['a bearer header', `curl -H "Authorization: Bearer ${random}" x`, random],
    ['a basic header', 'curl -H "Authorization: Basic dXNlcjpwYXNz" x', 'dXNlcjpwYXNz'],
    ['a lower-case header', `-H 'authorization: bearer ${random}'`, random],
    ['a web token', `cookie: session=${jwt}`, jwt.slice(20)],
    ['a password in an address', 'psql postgres://me:s3cr3t-pw@db:5432/x', 's3cr3t-pw'],
    ['a password option with =', 'mysql --password=hunter22 x', 'hunter22'],
    ['a password option with a blank', 'tool --password hunter22 x', 'hunter22'],
    ['a quoted password', 'tool --password "hunter 22 x" y', 'hunter 22'],
    ['a token option', 'tool --token abcdef123 x', 'abcdef123'],
    ['a token option directly after a quote', 'echo "--token abcdef123 is wrong"', 'abcdef123'],
    ['a token option after an apostrophe', "sh -c '--token abcdef123'", 'abcdef123'],
    ['a token option at the beginning', '--token abcdef123', 'abcdef123'],
    ['curl -u after a quote', 'opts="-u me:hunter22"', 'hunter22'],
    ['curl -u', 'curl -u me:hunter22 https://a.b', 'hunter22'],
    ['a password in JSON', '{"user":"me","password":"hunter22"}', 'hunter22'],
    ['a token in JSON', '{"access_token": "abcdef123"}', 'abcdef123'],
    ['a query parameter', 'https://a.b/x?token=abcdef123&y=1', 'abcdef123'],
    ['an API key in a query', 'https://a.b/x?api_key=abcdef123', 'abcdef123'],
    ['a private key', `-----BEGIN RSA PRIVATE KEY-----\n${random}\n-----END RSA PRIVATE KEY-----`, random],
    ['a private key that is cut off', `-----BEGIN PRIVATE KEY-----\n${random}`, random],
    ['an environment line', `DB_PASSWORD='hunter22' ./run`, 'hunter22'],
    ['a long mixed string', `echo ${random}${random}`, random],
    ['two of them', `a_token=abc123456 b_token=def123456`, 'def123456'],
  ])('%s', (_what, text, secret) => {
    const out = redact(text)
    expect(out).not.toContain(secret)
    expect(out).not.toContain(secret.slice(0, 8))
    expect(out).toContain('[redacted]')
  })
})

describe('ordinary text stays as it is', () => {
  it.each([
    'npm test',
    'git log --oneline -5',
    'curl -s http://localhost:3000/health',
    'grep -rn "token" src/lexer',
    'npx vitest run test/password-strength.test.ts',
    'find . -name "*.ts" -path "*/node_modules/*"',
    'node --max-old-space-size=4096 build.mjs',
    "sed -i 's/const a = 1/const a = 2/' src/a.ts",
    'git show 4f2a9c1e8b7d6a5f4e3d2c1b0a9f8e7d6c5b4a39',
    'cat src/components/authentication/LoginFormContainer.tsx',
    'expected 3, got 4 in a_very_long_test_name_that_goes_on_and_on_and_on',
    'https://example.com/a/b?page=2&sort=name',
    'docker run -p 8080:80 nginx',
    'sk-learn is a package; risk-based too',
    'mail bob@example.com',
  ])('%s', (text) => expect(redact(text)).toBe(text))
})

it('a redacted text stays as it is', () => {
  const once = redact(`curl -u me:hunter22 --token abcdef123 https://me:pw123456@a.b?token=abcdef123`)
  expect(redact(once)).toBe(once)
})

it('looks at 4,096 characters and drops the rest', () => expect(redact('x '.repeat(5000))).toHaveLength(4096))
