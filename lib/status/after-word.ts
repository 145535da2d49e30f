/** In front of a command line whose output `status-line` prints before its own. */
export const afterWord = '--after'
