/** What the text of a prompt tells by itself. */

/**
 * Whether a prompt may have been typed: the client also submits texts of its own (a finished background agent, a message
 * of another session), and those begin with a machine tag. What is inside such a text is a program's words, never a
 * person's.
 */
export const isTyped = (prompt: string): boolean =>
  !/^\s*(?:<[a-z]|\[SYSTEM NOTIFICATION|\[Subagent hand-back\])/i.test(prompt.slice(0, 200))

/** Whether the words stand in it by which a person lifts the limits for one prompt. */
export const asksForBypass = (prompt: string): boolean => isTyped(prompt) && /\bSUDO BYPASS\b/.test(prompt)
