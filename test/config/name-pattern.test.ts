import { expect, it } from 'vitest'
import { matchesName } from '../../lib/config/name-pattern.ts'

it.each([
  ['WebFetch', 'WebFetch', true],
  ['WebFetch', 'WebFetcher', false],
  ['WebFetch', 'webfetch', false],
  ['mcp__*', 'mcp__github__search', true],
  ['mcp__*', 'mcp__', true],
  ['mcp__*', 'xmcp__', false],
  ['*_telemetry.jsonl', 'a_telemetry.jsonl', true],
  ['*_telemetry.jsonl', 'a_telemetry.jsonl.gz', false],
  ['*', '', true],
  ['*', 'anything', true],
  ['', '', true],
  ['', 'a', false],
  ['a*b*c', 'a1b2c', true],
  ['a*b*c', 'abc', true],
  ['a*b*c', 'acb', false],
  ['ab*ba', 'aba', false],
  ['ab*ba', 'abba', true],
  ['**', 'x', true],
  ['a.c', 'abc', false],
  ['(a+)+', 'aaaa', false],
])('%j fits %j: %s', (pattern, name, fits) => expect(matchesName(pattern, name)).toBe(fits))
