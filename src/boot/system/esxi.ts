/**
 * VMware ESXi: its own loader starts it, so there is no kernel to offer. What is started how is in
 * boot/esxi.
 */
import type { System } from './system.ts'

export const esxi: System = {
  id: 'esxi',
  answers: { format: 'esxi', files: ['ks.cfg'] },
  boots: () => [],
}

/** Words for its kernel where a machine installs itself: its script, which it asks for by HTTP. */
export const esxiInstall = 'ks=${answers}/ks.cfg'
