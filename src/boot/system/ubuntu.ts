/**
 * Ubuntu's live installer. It takes the whole ISO into memory, and its answers are those of cloud-init
 * (`user-data`, `meta-data`, `vendor-data`), asked for below a URL with a slash at its end.
 *
 * `cloud-config-url=/dev/null`: else cloud-init takes `url=` for itself and fetches the ISO, too.
 * Sources: canonical/subiquity, netboot how-to and autoinstall reference; casper(7).
 */
import { type ImageFacts, type System, type SystemBoot, gibibytes, wholeDisc } from './system.ts'

const unattended = 'autoinstall ds=nocloud-net;s=${answers}/'

export const ubuntu: System = {
  id: 'ubuntu',
  answers: { format: 'cloud-init', files: ['user-data', 'meta-data', 'vendor-data'] },
  boots: (facts) =>
    facts.discSize !== undefined
      ? [
          ...kernel('', '', facts),
          ...(facts.has('casper/hwe-vmlinuz') ? kernel('hwe', 'newer kernel', facts) : []),
        ]
      : [],
  says: ({ discSize }) =>
    discSize !== undefined
      ? [`a machine takes the whole ISO into memory: give it ${gibibytes(discSize) + 1} GiB`]
      : ['Ubuntu fetches its ISO whole: put the ISO itself into images/, not what is in it'],
}

function kernel(suffix: string, title: string, { version }: ImageFacts): readonly SystemBoot[] {
  const prefix = suffix === '' ? '' : `${suffix}-`
  // 20.04 unpacks what it fetched into a disk in memory.
  const memory = version?.startsWith('20.04') === true ? 'root=/dev/ram0 ramdisk_size=3500000 ' : ''
  const args = `${memory}ip=dhcp \${bootif} url=\${image}/${wholeDisc} cloud-config-url=/dev/null`
  return [
    {
      suffix,
      title,
      kernel: `casper/${prefix}vmlinuz`,
      initrd: [`casper/${prefix}initrd`],
      args,
      install: `${args} ${unattended}`,
    },
  ]
}
