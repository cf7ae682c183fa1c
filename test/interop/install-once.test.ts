/**
 * Installing once, with the service as a user starts it: a machine, a neighbour on the same switch, and
 * the requests of loaders and installers by udhcpc and curl.
 */
import { cpSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { asPxe, node, udhcpc } from '../support/dhcp-network.ts'
import { type Running, TestNetwork } from '../support/netns.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const machine = '52:54:00:00:00:01'
const stranger = '52:54:00:00:00:66'
const ours = '10.42.0.1'
const ownMenu = 'pxelinux.cfg/01-52-54-00-00-00-01'

/** Each command and each start is a program of its own. */
const slow = { timeout: 120_000 }

interface Site {
  readonly network: TestNetwork
  readonly us: string
  readonly victim: string
  readonly neighbour: string
}

/** A switch with the service, a machine and its neighbour, who has an address of his own. */
function site(network: TestNetwork): Site {
  const hub = network.switch('sw')
  const [us, victim, neighbour] = ['us', 'vic', 'bad'].map((name) => network.namespace(name))
  if (us === undefined || victim === undefined || neighbour === undefined) throw new Error('none')
  network.plug(hub, [us, 'eth0', `${ours}/24`])
  network.plug(hub, [victim, 'eth0', undefined, machine])
  network.plug(hub, [neighbour, 'eth0', '10.42.0.66/24', stranger])
  return { network, us, victim, neighbour }
}

function configFile(network: TestNetwork): string {
  return join(network.folder, 'bootlace.yaml')
}

/** One host that installs a disc of the Red Hat family by the sample that we bring. */
async function serve({ network, us }: Site, mode: 'full' | 'proxy'): Promise<Running> {
  const { folder } = network
  const image = join(folder, 'rocky')
  mkdirSync(join(image, 'images/pxeboot'), { recursive: true })
  for (const file of ['.treeinfo', 'images/pxeboot/vmlinuz', 'images/pxeboot/initrd.img']) {
    writeFileSync(join(image, file), '[general]\nversion = 9.4\n')
  }
  cpSync(join(root, 'kickstarts/rhel-minimal.ks'), join(folder, 'host.ks'))
  const config = {
    interfaces: ['eth0'],
    data: join(folder, 'data'),
    cache: { directory: join(folder, 'cache') },
    dhcp: { mode, subnets: [{ network: '10.42.0.0/24', pool: '10.42.0.100-10.42.0.110' }] },
    images: { rocky: { source: image } },
    hosts: [{ name: 'web-01', mac: machine, boot: 'rocky', kickstart: join(folder, 'host.ks') }],
  }
  writeFileSync(configFile(network), JSON.stringify(config))
  const words = [node, join(root, 'src/main.ts'), 'serve', '--config', configFile(network)]
  const running = network.start(us, words)
  await running.line(/"service.ready"/, 30_000)
  await running.line(/"image.ready"/, 30_000) // a folder just written is looked at twice
  return running
}

/** Status and body. */
async function curl(
  { network }: Site,
  from: string,
  url: string,
  ...words: readonly string[]
): Promise<{ status: number; text: string }> {
  const ran = await network.run(from, ['curl', '-sS', '-w', '\n%{http_code}', ...words, url])
  const [, text = '', status] = /^([^]*)\n(\d{3})$/.exec(ran.output) ?? [undefined, ran.output]
  return { status: Number(status), text }
}

async function tftp({ network }: Site, from: string, file: string): Promise<string> {
  return (await network.run(from, ['curl', '-sS', `tftp://${ours}/${file}`])).output
}

/** A power cycle up to the menu: the firmware asks for an address, its loader for the menu. */
async function powerOn(here: Site, words: readonly string[] = asPxe(0)): Promise<string> {
  const lease = await udhcpc(here.network, here.victim, words)
  await takeAddress(here, here.victim, lease['ip'] ?? 'none')
  return await tftp(here, here.victim, ownMenu)
}

async function takeAddress({ network }: Site, namespace: string, address: string): Promise<void> {
  await network.run(namespace, ['ip', 'addr', 'flush', 'dev', 'eth0'])
  const words = ['ip', 'addr', 'add', `${address}/24`, 'dev', 'eth0']
  expect(await network.run(namespace, words)).toEqual({ status: 0, output: '' })
}

function answersIn(menu: string): string {
  const url = /inst\.ks=(\S+)/.exec(menu)?.[1]
  if (url === undefined) throw new Error(`no answers in ${menu}`)
  return url
}

async function command({ network, us }: Site, ...words: readonly string[]): Promise<string> {
  const all = [node, join(root, 'src/main.ts'), 'host', ...words, '--config', configFile(network)]
  return (await network.run(us, all)).output
}

/** Events of one kind, as the log has them. */
function logged(running: Running, event: string): readonly Record<string, unknown>[] {
  return running.lines
    .filter((line) => line.includes(`"event":"${event}"`))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

test(
  'a neighbour with the copied URL is refused and logged while six tries succeed',
  slow,
  async () => {
    await using network = new TestNetwork()
    const here = site(network)
    const { victim, neighbour } = here
    let service = await serve(here, 'full')
    const url = answersIn(await powerOn(here))
    const token = url.split('/').at(-2) ?? ''
    expect(token).toMatch(/^[\w-]{32}$/)

    // Nobody else is told the way, by whatever name the machine's menu is asked for.
    for (const menu of [
      await tftp(here, neighbour, ownMenu),
      (await curl(here, neighbour, `http://${ours}/${ownMenu}`)).text,
      (await curl(here, neighbour, `http://${ours}/menu.ipxe?mac=${machine}`)).text,
    ]) {
      expect(menu).toContain('inst.repo=')
      expect(menu).not.toContain('/ks/')
    }

    const given = []
    for (let tries = 0; tries < 6; tries += 1) {
      if (tries === 3) {
        await service.stop('SIGKILL')
        service = await serve(here, 'full')
      }
      expect(await curl(here, neighbour, url)).toMatchObject({ status: 403 })
      given.push(await curl(here, victim, url))
    }
    expect(given.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
    expect(new Set(given.map(({ text }) => text)).size).toBe(1)
    expect(given[0]?.text).toContain(`curl -fsS http://${ours}/ks/${token}/done`)
    const refused = logged(service, 'answers.refused')
    expect(refused).toHaveLength(1)
    expect(refused[0]).toMatchObject({ ip: '10.42.0.66', mac: stranger })
    expect(refused[0]?.['reason']).toContain('web-01')

    // The installed system's DHCP client says another name of itself, and gets another address.
    const again = await udhcpc(network, victim, ['-x', '0x3d:ff00112233'])
    await takeAddress(here, victim, again['ip'] ?? 'none')
    expect(await curl(here, victim, url)).toMatchObject({ status: 200 })
    expect(await curl(here, neighbour, url.replace(/[^/]+$/, 'done'))).toMatchObject({
      status: 403,
    })
    expect(await curl(here, victim, url.replace(/[^/]+$/, 'done'))).toEqual({
      status: 200,
      text: 'ok\n',
    })
    expect(await powerOn(here)).toContain('LOCALBOOT')
    expect(await curl(here, victim, url)).toMatchObject({ status: 403 })
    for (const line of service.lines) expect(line).not.toContain(token)
  },
)

test('who takes the address of a machine, but not its card, gets nothing', async () => {
  await using network = new TestNetwork()
  const here = site(network)
  await serve(here, 'full')
  const url = answersIn(await powerOn(here))
  const { output } = await network.run(here.victim, ['ip', '-4', '-o', 'addr', 'show', 'eth0'])
  const [, address = 'none'] = /inet ([\d.]+)/.exec(output) ?? []
  await network.run(here.victim, ['ip', 'addr', 'flush', 'dev', 'eth0'])
  await takeAddress(here, here.neighbour, address)
  await network.run(here.neighbour, ['arping', '-c', '1', '-U', '-I', 'eth0', address])
  expect(await curl(here, here.neighbour, url)).toMatchObject({ status: 403 })
})

test('beside another DHCP server the kernel’s neighbours tell who asks', async () => {
  await using network = new TestNetwork()
  const here = site(network)
  const { victim, neighbour } = here
  const service = await serve(here, 'proxy')
  await takeAddress(here, victim, '10.42.0.50')
  const url = answersIn(await tftp(here, victim, ownMenu))
  expect(await curl(here, neighbour, url)).toMatchObject({ status: 403 })
  expect(await curl(here, victim, url)).toMatchObject({ status: 200 })
  expect(logged(service, 'answers.refused')).toMatchObject([{ mac: stranger }])
})

test(
  'host list, arm and boot talk to the service that runs; strangers need its token',
  slow,
  async () => {
    await using network = new TestNetwork()
    const here = site(network)
    const { victim, neighbour } = here
    const service = await serve(here, 'full')
    const data = join(network.folder, 'data')
    for (const file of ['api-token', 'machines.db']) {
      expect(statSync(join(data, file)).mode & 0o077).toBe(0)
    }
    expect(await command(here, 'list')).toContain(
      'web-01  52:54:00:00:00:01  armed: installs rocky',
    )
    const first = answersIn(await powerOn(here))
    await curl(here, victim, first)
    await curl(here, victim, first.replace(/[^/]+$/, 'done'), '-X', 'POST')
    expect(await powerOn(here)).toContain('LOCALBOOT')
    expect(await command(here, 'list')).toContain('installed rocky; boots from its disk')

    const orders = `http://${ours}/api/hosts/web-01/arm`
    expect(await curl(here, neighbour, orders, '-X', 'POST')).toMatchObject({ status: 401 })
    expect(await command(here, 'arm', 'web-01')).toContain('web-01 is armed')
    expect(logged(service, 'install.armed')).toHaveLength(1)
    expect(await command(here, 'boot', 'web-01', 'disk')).toContain('web-01 boots disk next')
    expect(await powerOn(here)).toContain('LOCALBOOT')
  },
)

test('with the service away an order waits in the data folder', slow, async () => {
  await using network = new TestNetwork()
  const here = site(network)
  const service = await serve(here, 'full')
  await service.stop()
  expect(await command(here, 'boot', 'web-01', 'menu')).toContain('No service answers here')
  await serve(here, 'full')
  expect(await powerOn(here)).toContain('MENU TITLE')
})
