/**
 * Seconds by which times of one moment may lie apart: each process reads its clock once, before it waits for a lock, so a
 * time that was saved by another may be a little in the future. Further ahead than that, a clock has jumped.
 */
export const sameMoment = 5
