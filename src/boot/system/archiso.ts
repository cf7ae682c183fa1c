/**
 * What is made with archiso: Arch Linux and SystemRescue. Their initrd fetches the rest below
 * `archiso_http_srv`, whose slash at the end counts, and looks first whether it is there (HEAD, or
 * the first octet).
 *
 * Sources: archlinux/mkinitcpio-archiso; SystemRescue's manual, "Boot options" and "Network booting".
 */
import type { ImageFacts, System } from './system.ts'

const microcode = ['intel-ucode.img', 'amd-ucode.img', 'intel_ucode.img', 'amd_ucode.img']

/** Before the initrd, where the disc has them. */
function ucode({ has }: ImageFacts, folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) =>
    microcode.map((name) => `${folder}/${name}`).filter((path) => has(path)),
  )
}

const archArgs = 'archisobasedir=arch archiso_http_srv=${image}/ ip=dhcp ${bootif} checksum=y'

export const arch: System = {
  id: 'arch',
  answers: { format: 'shell', files: ['install.sh'] },
  boots: (facts) => [
    {
      suffix: '',
      title: '',
      kernel: 'arch/boot/x86_64/vmlinuz-linux',
      initrd: [
        ...ucode(facts, ['arch/boot', 'arch/boot/x86_64']),
        'arch/boot/x86_64/initramfs-linux.img',
      ],
      args: archArgs,
      install: `${archArgs} script=\${answers}/install.sh`,
    },
  ],
}

const rescueArgs = 'archisobasedir=sysresccd archiso_http_srv=${image}/ ip=dhcp ${bootif} checksum'

export const systemrescue: System = {
  id: 'systemrescue',
  answers: { format: 'sysrescue', files: ['sysrescue.yaml'] },
  boots: (facts) => [
    {
      suffix: '',
      title: '',
      kernel: 'sysresccd/boot/x86_64/vmlinuz',
      initrd: [...ucode(facts, ['sysresccd/boot']), 'sysresccd/boot/x86_64/sysresccd.img'],
      args: rescueArgs,
      install: `${rescueArgs} sysrescuecfg=\${answers}/sysrescue.yaml`,
    },
  ],
}
