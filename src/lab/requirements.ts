/** What the lab needs from the machine, before anything is started: fetched, or named clearly. */
import { SystemError } from '../core/errors.ts'
import { PackageArchive } from '../setup/apt.ts'
import { hasProgram } from '../setup/commands.ts'
import { type LabFiles, ensureRoms, labFiles } from '../setup/lab-files.ts'
import { places } from '../setup/places.ts'
import { emulator } from './qemu.ts'

/** Programs by name, and the Debian package that each is in. */
const programs: Readonly<Record<string, string>> = {
  [emulator]: 'qemu-system-x86 ovmf',
  dnsmasq: 'dnsmasq-base',
  tcpdump: 'tcpdump',
  ip: 'iproute2',
  setpriv: 'util-linux',
  sysctl: 'procps',
}

/** Fetches the firmware that is missing; SystemError says what only the person can do. */
export async function prepareLab(): Promise<LabFiles> {
  if (process.getuid?.() !== 0) {
    throw new SystemError(
      'the lab makes network namespaces: run it as root (for example with sudo)',
    )
  }
  const missing = Object.entries(programs).filter(([program]) => !hasProgram(program))
  if (missing.length > 0) {
    const names = missing.map(([program]) => program).join(', ')
    const packages = missing.map(([, name]) => name).join(' ')
    throw new SystemError(`the lab needs ${names}: run "apt-get install ${packages}"`)
  }
  await using archive = new PackageArchive(places.private)
  await ensureRoms(archive)
  return labFiles()
}
