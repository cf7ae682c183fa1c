/**
 * Alpine Linux, which runs from memory; its packages come from the image. Unattended it takes its
 * settings from an archive (`apkovl=`), which Bootlace packs: a script in it does the rest.
 *
 * Source: alpinelinux/mkinitfs, initramfs-init.in.
 */
import type { ImageFacts, System, SystemBoot } from './system.ts'

const flavours = ['lts', 'virt', 'rpi'] as const

export const alpine: System = {
  id: 'alpine',
  answers: { format: 'alpine', files: ['alpine.apkovl.tar.gz'] },
  boots: (facts) => {
    const [flavour] = flavours.filter((each) => facts.has(`boot/vmlinuz-${each}`))
    return flavour === undefined ? [] : [boot(flavour, facts)]
  },
  says: ({ has }) =>
    has('apks')
      ? []
      : ['it has no packages (apks): give a repository in args of the image, alpine_repo=URL'],
}

function boot(flavour: (typeof flavours)[number], { has }: ImageFacts): SystemBoot {
  const repository = has('apks') ? 'alpine_repo=${image}/apks ' : ''
  const modules = `modloop=\${image}/boot/modloop-${flavour} modules=loop,squashfs`
  const args = `ip=dhcp \${bootif} ${repository}${modules}`
  return {
    suffix: '',
    title: '',
    kernel: `boot/vmlinuz-${flavour}`,
    initrd: [`boot/initramfs-${flavour}`],
    args,
    install: `${args} apkovl=\${answers}/alpine.apkovl.tar.gz`,
  }
}
