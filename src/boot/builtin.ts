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
export const tinyvmEntry: LinuxEntry = {
  type: 'linux',
  name: 'tinyvm',
  title: 'TinyVM',
  key: 't',
  kernel: 'boot/tinyvm/vmlinuz',
  initrd: ['boot/tinyvm/initrd'],
  args: 'bootlace=${server} console=tty0 console=ttyS0,115200 quiet',
}
