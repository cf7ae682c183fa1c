/**
 * How an unattended file is written, by what stands in it: where the image does not tell. The first
 * row that fits is taken.
 */
import type { AnswerFormat } from '../system/system.ts'

/** What a format is called where people read it. */
export const formatTitles: Readonly<Record<AnswerFormat, string>> = {
  photon: 'Photon OS kickstart',
  esxi: 'ESXi kickstart',
  preseed: 'Debian preseed',
  anaconda: 'Red Hat kickstart',
  autoyast: 'AutoYaST profile',
  agama: 'Agama profile',
  'cloud-init': 'Ubuntu autoinstall',
  'cloud-config': 'cloud-config',
  ignition: 'Ignition',
  talos: 'Talos machine configuration',
  alpine: 'answers of setup-alpine',
  sysrescue: 'SystemRescue configuration',
  shell: 'shell script',
}

const signs: readonly { readonly format: AnswerFormat; readonly sign: RegExp }[] = [
  { format: 'cloud-init', sign: /^#cloud-config[^]*^autoinstall:/m },
  { format: 'cloud-config', sign: /^#cloud-config/ },
  { format: 'shell', sign: /^#!/ },
  { format: 'autoyast', sign: /^\s*<(\?xml|!DOCTYPE|profile)/ },
  { format: 'preseed', sign: /^\s*(d-i|tasksel|popularity-contest|grub-installer)\s+\S+\/\S+\s/m },
  { format: 'esxi', sign: /^\s*(vmaccepteula|accepteula)\b/m },
  {
    format: 'anaconda',
    sign: /^\s*(%packages|%post|%pre|autopart|clearpart|rootpw|bootloader)\b/m,
  },
  { format: 'ignition', sign: /^\s*\{[^]*"ignition"\s*:/ },
  { format: 'talos', sign: /^machine:\s*$/m },
  { format: 'alpine', sign: /^(KEYMAPOPTS|DISKOPTS|HOSTNAMEOPTS)=/m },
  { format: 'agama', sign: /^\s*\{[^]*"product"\s*:/ },
  { format: 'sysrescue', sign: /^(autorun|sysconfig):\s*$/m },
]

/** Undefined where nothing tells; then it may be Photon's, which is any JSON or YAML. */
export function formatOf(text: string): AnswerFormat | undefined {
  return signs.find(({ sign }) => sign.test(text))?.format
}
