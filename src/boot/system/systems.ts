/** The systems whose images are known, by the `id` of their kind. To teach another, add a row. */
import { debian } from './debian.ts'
import { photon } from './photon.ts'
import { redHat } from './red-hat.ts'
import type { System } from './system.ts'

const rows: readonly System[] = [debian, photon, redHat]

/** Undefined where nothing is known of it but what it is. */
export function systemOf(kind: string | undefined): System | undefined {
  return rows.find(({ id }) => id === kind)
}
