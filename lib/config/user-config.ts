import { join } from 'node:path'
import type { System } from '../system/system.ts'
import { type Loaded, loadBy } from './load.ts'
import { type UserConfig, userConfigSchema } from './user-schema.ts'

/** `~/.claude/breakerbox.json`, or the absolute path that `BREAKERBOX_CONFIG` names. */
export function userConfigPath({ env, homeFolder }: Pick<System, 'env' | 'homeFolder'>): string {
  const named = env['BREAKERBOX_CONFIG'] ?? ''
  return /^(?:\/|[A-Za-z]:[\\/])/.test(named) ? named : join(homeFolder, '.claude', 'breakerbox.json')
}

/** The user's config: its file, each wrong value named and its default in force. A missing file means the defaults. Never throws. */
export const loadUserConfig = (system: Pick<System, 'env' | 'files' | 'homeFolder'>): Loaded<UserConfig> =>
  loadBy(userConfigSchema, system.files, userConfigPath(system))
