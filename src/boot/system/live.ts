/**
 * Live systems made with Debian's live-boot: GParted Live, Clonezilla Live and others. `fetch=` takes
 * an address only, no name of a host: which is what Bootlace's URLs have.
 *
 * Sources: live-boot(7); GParted Live and Clonezilla Live, their pages on PXE.
 */
import type { ImageFacts, System } from './system.ts'

const fetch = 'boot=live fetch=${image}/live/filesystem.squashfs'

/** By the file that tells which of them it is. */
const known: readonly { readonly marker: string; readonly args: string }[] = [
  {
    marker: 'GParted-Live-Version',
    args: `${fetch} union=overlay username=user config components noswap`,
  },
  {
    marker: 'Clonezilla-Live-Version',
    args: `${fetch} union=overlay username=user config components noswap ocs_live_run="ocs-live-general" ocs_live_batch=no net.ifnames=0`,
  },
]

export const live: System = {
  id: 'live',
  boots: (facts) => {
    const number = facts.has('live/vmlinuz') ? '' : '1'
    const args = known.find(({ marker }) => facts.has(marker))?.args ?? `${fetch} components`
    return [
      {
        suffix: '',
        title: '',
        kernel: `live/vmlinuz${number}`,
        initrd: [initrd(facts, number)],
        args,
      },
    ]
  },
}

function initrd({ has }: ImageFacts, number: string): string {
  const path = `live/initrd${number}`
  return has(`${path}.img`) ? `${path}.img` : path
}
