/**
 * The Red Hat family: anaconda. Sources: anaconda, docs/boot-options.rst (`inst.repo`, `inst.ks`,
 * `inst.rescue`); dracut.cmdline(7) (`ip`).
 */
import type { System } from './system.ts'

const files = { kernel: 'images/pxeboot/vmlinuz', initrd: ['images/pxeboot/initrd.img'] }
const base = 'inst.repo=${image} ip=dhcp ${bootif}'

export const redHat: System = {
  id: 'redhat',
  answers: { format: 'anaconda', files: ['ks.cfg'] },
  boots: () => [
    { ...files, suffix: '', title: '', args: base, install: `${base} inst.ks=\${answers}/ks.cfg` },
    { ...files, suffix: 'rescue', title: 'rescue', args: `${base} inst.rescue` },
  ],
}
