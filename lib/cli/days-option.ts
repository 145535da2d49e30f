import { InvalidArgumentError, Option } from 'commander'

/** `--days <days>`. @param most allowed; a tenth of a day is as good where `whole` is not asked for. */
export function daysOption(
  description: string,
  usual: number,
  { most = 3650, whole = false }: { readonly most?: number; readonly whole?: boolean } = {},
): Option {
  return new Option('--days <days>', description).default(usual).argParser((value) => {
    const days = Number(value)
    if (days > 0 && days <= most && (!whole || Number.isInteger(days))) return days
    throw new InvalidArgumentError(whole ? `A whole number from 1 to ${most}.` : `A number above 0, at most ${most}.`)
  })
}
