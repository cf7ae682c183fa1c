/**
 * Debian's installer. That of an ISO looks for its CD and knows no network; the one that boots from
 * the network is the folder `netboot` of Debian's archive.
 */
import type { ImageFacts, System, SystemBoot } from './system.ts'

const arches = ['amd64', 'arm64', 'i386'] as const
const scripted = 'auto=true priority=critical preseed/url=${answers}/preseed.cfg'

export const debian: System = {
  id: 'debian',
  answers: { format: 'preseed', files: ['preseed.cfg'] },
  boots: (facts) => arches.flatMap((arch) => netboot(`debian-installer/${arch}`, facts)),
  says: ({ has }) =>
    has('debian-installer')
      ? []
      : [
          "the installer of this ISO looks for its CD: put Debian's netboot.tar.gz, unpacked, into images/ and boot that",
        ],
}

function netboot(folder: string, { has }: ImageFacts): readonly SystemBoot[] {
  const kernel = `${folder}/linux`
  if (!has(kernel)) return []
  const base = { kernel, initrd: [`${folder}/initrd.gz`] }
  return [
    { ...base, suffix: '', title: '', args: '', install: scripted },
    { ...base, suffix: 'rescue', title: 'rescue', args: 'rescue/enable=true' },
  ]
}
