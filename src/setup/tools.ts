/**
 * Programs that the lab and the tests run, installed by the machine's apt where they are absent.
 * Only packages that bring no service: installing them starts nothing and opens no port. The
 * servers that bench/ compares with are never installed.
 */
import { existsSync } from 'node:fs'
import { SystemError } from '../core/errors.ts'
import { hasProgram, run } from './commands.ts'
import { step } from './progress.ts'

interface Tool {
  readonly package: string
  /** It is there when this program is, or this file where it starts with `/`. */
  readonly provides: string
}

/** The virtual machines, their network, and the other DHCP server of proxy mode. */
const labTools: readonly Tool[] = [
  { package: 'qemu-system-x86', provides: 'qemu-system-x86_64' },
  { package: 'ovmf', provides: '/usr/share/OVMF/OVMF_CODE_4M.fd' },
  { package: 'iproute2', provides: 'ip' },
  { package: 'procps', provides: 'sysctl' },
  { package: 'dnsmasq-base', provides: 'dnsmasq' },
  { package: 'tcpdump', provides: 'tcpdump' },
]

/** Real clients and servers that the tests talk to. */
const testTools: readonly Tool[] = [
  { package: 'nftables', provides: 'nft' },
  { package: 'tftp-hpa', provides: 'tftp' },
  { package: 'atftp', provides: 'atftp' },
  { package: 'curl', provides: 'curl' },
  { package: 'busybox-static', provides: 'busybox' },
  { package: 'isc-dhcp-client', provides: 'dhclient' },
  { package: 'dhcpcd-base', provides: 'dhcpcd' },
  { package: 'openssl', provides: 'openssl' },
]

/** Which programs are asked for; each set holds the one before. */
export type ToolSet = 'lab' | 'test'

/** Installs what is absent; does not call apt where nothing is. */
export async function ensureTools(set: ToolSet): Promise<void> {
  const tools = set === 'lab' ? labTools : [...labTools, ...testTools]
  const absent = tools.filter((tool) => !isPresent(tool)).map((tool) => tool.package)
  if (absent.length === 0) return
  const command = `apt-get install --no-install-recommends ${absent.join(' ')}`
  if (!hasProgram('apt-get') || process.getuid?.() !== 0) {
    throw new SystemError(`programs are missing on this machine; as root run: ${command}`)
  }
  await step(`installed ${absent.join(', ')}`, () => install(absent))
}

function isPresent({ provides }: Tool): boolean {
  return provides.startsWith('/') ? existsSync(provides) : hasProgram(provides)
}

async function install(packages: readonly string[]): Promise<void> {
  const environment = { DEBIAN_FRONTEND: 'noninteractive' }
  // A third party's archive that is down is not our concern: the installation itself decides.
  await run('apt-get', ['-q', 'update'], { environment }).catch(() => undefined)
  const args = ['install', '-q', '-y', '--no-install-recommends', '-o', 'Dpkg::Use-Pty=0']
  await run('apt-get', [...args, ...packages], { environment })
}
