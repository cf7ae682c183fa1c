/**
 * The images that Bootlace brings itself, as entries of the catalog. Their files are built at
 * set-up into `images/`; here stands only how they are started.
 */
import type { LinuxEntry } from './catalog.ts'

/**
 * TinyVM: a small Linux in memory that reports to us when it is up. The screen is the first console
 * and the serial port the second, so both show what happens and `/dev/console` is the serial port
 * where there is one.
 */
const tinyvm = {
  type: 'linux',
  name: 'tinyvm',
  title: 'TinyVM',
  key: 't',
} as const

export const tinyvmEntry: LinuxEntry = {
  ...tinyvm,
  // The kernel has a way in from IA32 firmware: such machines of 64 bits are older tablets.
  arch: ['x64', 'ia32'],
  ...imageIn('boot/tinyvm'),
  args: argsWith('ttyS0'),
}

/** One name for both processors: a machine sees the one that it can run. */
export const tinyvmEntries: readonly LinuxEntry[] = [
  tinyvmEntry,
  { ...tinyvm, arch: ['arm64'], ...imageIn('boot/tinyvm-arm64'), args: argsWith('ttyAMA0') },
]

function argsWith(serial: string): string {
  return `bootlace=\${server} \${network} console=tty0 console=${serial},115200 quiet`
}

function imageIn(folder: string): Pick<LinuxEntry, 'kernel' | 'initrd' | 'needs'> {
  const kernel = `${folder}/vmlinuz`
  return { kernel, initrd: [`${folder}/initrd`], needs: [kernel] }
}
