import { delimiter, dirname } from 'node:path'

/**
 * The whole environment of a child process: nothing is inherited but the search path. The suite is itself often run
 * under the client that it tests, whose variables (`CLAUDE_*`, `CLAUDECODE`, `NODE_OPTIONS`, …) must not decide a test.
 */
export function bareEnvironment(
  home: string,
  additions: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    // The Node that runs this suite goes first, so that hooks run on the version that is being tested.
    PATH: [dirname(process.execPath), process.env['PATH'] ?? '/usr/bin:/bin'].join(delimiter),
    HOME: home,
    USERPROFILE: home,
    ...additions,
  }
}
