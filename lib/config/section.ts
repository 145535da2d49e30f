import { type Fields, object, others, withDefault } from '../schema/schema.ts'

/** An object of a config: its absent fields, and its own absence, mean the defaults; other fields are wrong. */
export const section = <Shape extends Fields>(shape: Shape) => withDefault(others(false, object(shape)), {} as never)
