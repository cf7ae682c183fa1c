/**
 * The other way to boot TinyVM: dnsmasq for DHCP and TFTP and nginx for HTTP, configured as the
 * usual instructions do it. Same loaders, kernel, initrd, kernel arguments, menu and timeout.
 */
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SystemError } from '../src/core/errors.ts'
import { type LabChild, onLines, startIn, stop } from '../src/lab/processes.ts'
import { places } from '../src/setup/places.ts'
import type { Way } from './boot.ts'
import { findPeer, nginxBasics } from './peers.ts'
import { runIn, untilReady } from './programs.ts'

const server = '192.168.50.1'
const kernelArguments = `bootlace=http://${server} console=tty0 console=ttyS0,115200 quiet`

/** Starts both in the namespace; `mac` gets a fixed address. */
export async function startUsualServers(
  way: Way,
  { namespace, folder, mac }: { namespace: string; folder: string; mac: string },
): Promise<AsyncDisposable> {
  const root = join(folder, 'usual')
  await layOut(root, way)
  await using started = new AsyncDisposableStack()
  const nginx = await findPeer('nginx')
  const dnsmasq = await findPeer('dnsmasq')
  const commands = [
    [...nginx.command, '-p', `${root}/`, '-c', 'nginx.conf', '-e', 'logs/error.log'],
    [...dnsmasq.command, '--keep-in-foreground', `--conf-file=${root}/dnsmasq.conf`],
  ]
  await writeFile(join(root, 'dnsmasq.conf'), dnsmasqConfiguration(root, way, mac))
  const said: string[] = []
  for (const command of commands) {
    const child = startIn(namespace, command)
    started.defer(() => stop(child))
    listen(child, said)
  }
  const curl = await findPeer('curl')
  const get = [...curl.command, '-sSf', '--max-time', '2', '-o', '/dev/null']
  for (const url of [`http://${server}/boot.ipxe`, `tftp://${server}/boot.ipxe`]) {
    await untilReady(() => runIn(namespace, [...get, url])).catch((error: unknown) => {
      throw new SystemError(`${String(error)}\n${said.slice(-8).join('\n')}`)
    })
  }
  const all = started.move()
  return { [Symbol.asyncDispose]: () => all.disposeAsync() }
}

function listen(child: LabChild, said: string[]): void {
  onLines(child.stdout, (line) => said.push(line))
  onLines(child.stderr, (line) => said.push(line))
}

/** One folder for both servers. */
async function layOut(root: string, way: Way): Promise<void> {
  for (const name of ['pxelinux.cfg', 'tinyvm', 'logs']) {
    await mkdir(join(root, name), { recursive: true })
  }
  const loaders = ['pxelinux.0', 'ldlinux.c32', 'menu.c32', 'libutil.c32', 'snponly.efi']
  for (const name of loaders) await copyFile(join(places.loaders, name), join(root, name))
  for (const name of ['vmlinuz', 'initrd']) {
    await copyFile(join(places.tinyvm, name), join(root, 'tinyvm', name))
  }
  await writeFile(join(root, 'pxelinux.cfg/default'), pxelinuxConfiguration(way.menu))
  await writeFile(join(root, 'boot.ipxe'), ipxeScript(way.menu))
  await writeFile(join(root, 'nginx.conf'), nginxConfiguration(root))
}

/** No ping before an address is given and an authoritative server: both spare seconds. */
function dnsmasqConfiguration(root: string, way: Way, mac: string): string {
  return `
port=0
user=root
pid-file=
log-facility=${root}/logs/dnsmasq.log
log-dhcp
interface=eth0
bind-interfaces
dhcp-leasefile=${root}/leases
dhcp-authoritative
no-ping
dhcp-range=192.168.50.100,192.168.50.199,255.255.255.0,12h
dhcp-host=${mac},192.168.50.100
enable-tftp
tftp-root=${root}
${bootRules[way.chain].join('\n')}
`
}

const bootRules: Readonly<Record<Way['chain'], readonly string[]>> = {
  pxelinux: ['dhcp-boot=pxelinux.0'],
  ipxe: [
    'dhcp-userclass=set:ipxe,iPXE',
    'dhcp-match=set:efi64,option:client-arch,7',
    'dhcp-boot=tag:!ipxe,pxelinux.0',
    'dhcp-boot=tag:!ipxe,tag:efi64,snponly.efi',
    `dhcp-boot=tag:ipxe,http://${server}/boot.ipxe`,
  ],
}

function pxelinuxConfiguration(menu: boolean): string {
  const entry = ['LABEL tinyvm', '  MENU LABEL TinyVM', '  LINUX tinyvm/vmlinuz']
  const boot = [...entry, '  INITRD tinyvm/initrd', `  APPEND ${kernelArguments}`]
  const lines = menu
    ? ['UI menu.c32', 'PROMPT 0', 'TIMEOUT 10', 'MENU TITLE Boot menu', 'DEFAULT tinyvm', ...boot]
    : ['DEFAULT tinyvm', 'PROMPT 0', ...boot]
  const disk = ['LABEL disk', '  MENU LABEL Local disk', '  LOCALBOOT 0']
  return ['SERIAL 0 115200', ...lines, ...disk, ''].join('\n')
}

function ipxeScript(menu: boolean): string {
  const url = `http://${server}/tinyvm`
  const boot = [
    `kernel ${url}/vmlinuz initrd=initrd ${kernelArguments}`,
    `initrd ${url}/initrd`,
    'boot',
  ]
  if (!menu) return ['#!ipxe', ...boot, ''].join('\n')
  return [
    '#!ipxe',
    'menu Boot menu',
    'item tinyvm TinyVM',
    'item disk Local disk',
    'choose --timeout 1000 --default tinyvm selected || exit',
    'goto ${selected}',
    ':tinyvm',
    ...boot,
    ':disk',
    'exit',
    '',
  ].join('\n')
}

function nginxConfiguration(root: string): string {
  return `
${nginxBasics}  server {
    listen 80;
    root ${root};
    # TinyVM says here that it is up.
    location = /api/report { return 204; }
  }
}
`
}
