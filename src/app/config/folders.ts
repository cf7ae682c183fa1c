/** Folders that the configuration names, when the machine refuses them. */
import { SystemError, messageOf } from '../../core/errors.ts'

export interface NamedFolder {
  /** The key that names it, e.g. `cache.directory`. */
  readonly setting: string
  readonly folder: string
}

/** What `open` answers. Throws a SystemError that says which setting to change. */
export async function openingFolder<T>(
  { setting, folder }: NamedFolder,
  open: () => T | Promise<T>,
): Promise<T> {
  try {
    return await open()
  } catch (error) {
    if (error instanceof SystemError) throw error
    const problem = `${setting}: ${folder} cannot be used: ${messageOf(error)}`
    throw new SystemError(`${problem}. Name a folder that this user may write to.`, {
      cause: error,
    })
  }
}
