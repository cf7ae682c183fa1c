/** What the lab needs from the machine, before anything is started. */
import { SystemError } from '../core/errors.ts'
import { type LabFiles, labFiles } from '../setup/lab-files.ts'
import { ensureSet } from '../setup/sets.ts'

/** Fetches and installs what is missing, for ARM64 too if asked; SystemError says what only the person can do. */
export async function prepareLab(wanted: { arm64: boolean }): Promise<LabFiles> {
  if (process.getuid?.() !== 0) {
    throw new SystemError(
      'the lab makes network namespaces: run it as root (for example with sudo)',
    )
  }
  await ensureSet('lab', wanted)
  return labFiles()
}
