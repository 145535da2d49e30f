/**
 * How the names of our files in a hooks folder begin: hooks, the parts that they load or start, and what wraps commands of others.
 * What watches these files and what keeps the model's tools off them go by this one list.
 */
export const ownFileNames = [
  'circuit-breaker-',
  'prompt-intake',
  'prompt-commands',
  'memory-janitor',
  'memory-work',
  'fleet-store',
  'status-line',
  'pattern-tracker',
  'event-flusher',
  'service-alerts',
  'hook-guard',
] as const
