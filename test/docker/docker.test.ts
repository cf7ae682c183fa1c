/**
 * The container as people run it: built by a Docker Engine, started without a privilege, in a
 * network of the lab. First the line that is published for the nginx container, with only the
 * image's name changed; then compose on the host network, and a machine that boots.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { openLab } from '../../src/lab/lab.ts'
import { openNetwork } from '../../src/lab/network.ts'
import { run } from '../../src/lab/processes.ts'
import { type LabServer, ServerProcess } from '../../src/lab/server-process.ts'
import { deliveries, story, timeout } from '../e2e/lab-boot.ts'
import { OriginProcess, originUrl } from '../e2e/origin-process.ts'
import { fixtureImage } from '../support/image-files.ts'
import { DockerEngine } from './engine.ts'
import { buildImage } from './image.ts'

beforeAll(async () => {
  await using engine = await DockerEngine.start()
  await buildImage(engine)
}, 600_000)

test('the image is small and holds what it serves', async () => {
  await using engine = await DockerEngine.start()
  const size = await engine.run('image', 'inspect', '--format', '{{.Size}}', 'bootlace')
  expect(Number(size), 'octets').toBeLessThan(300e6)
  const folders = ['/opt/bootlace/pxelinux', '/opt/bootlace/images/tinyvm']
  const list = ['--entrypoint', 'ls', 'bootlace', ...folders]
  const listed = await engine.run('run', '--rm', '--network', 'none', ...list)
  const names = listed.split('\n')
  expect(names).toEqual(expect.arrayContaining(['lpxelinux.0', 'snponly.efi', 'vmlinuz', 'initrd']))
})

/** NET_BIND_SERVICE, NET_ADMIN, NET_RAW; capabilities(7). */
const granted = '0000000000003400'
const withoutAdmin = '0000000000002400'

test('`docker run -p 5100:80 -e AUTO_DEPLOY=…` is the mirror and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bootlace-docker-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await using network = await openNetwork()
  await using origin = await OriginProcess.start(network, join(folder, 'vmca.pem'))
  const host = await network.attach('srv', '192.168.50.1/24')
  const esxi = await network.attach('esxi', '192.168.50.100/24')
  await using engine = await DockerEngine.start(host)

  const flags = ['-p', '5100:80', '-e', `AUTO_DEPLOY=${new URL(originUrl).host}`]
  const id = await engine.run('run', '--detach', ...flags, 'bootlace')
  const ready = await logLine(engine, id, 'service.ready')
  expect(ready['detail']).toContain(`mirror autodeploy of ${originUrl}`)

  const mirror = 'http://192.168.50.1:5100'
  expect(await get(esxi, `${mirror}/vmw/rbd/tramp`)).toContain('chain host-register?')
  const { payloads } = await origin.counters()
  const payload = payloads[0]!
  for (const cached of [/^x-cache: MISS/im, /^x-cache: (JOIN|HIT)/im]) {
    const answer = await get(esxi, `${mirror}${payload.path}`, '--head', '--request', 'GET')
    expect(answer).toMatch(new RegExp(`^content-length: ${payload.size}`, 'im'))
    expect(answer).toMatch(cached)
  }
  expect((await origin.counters()).paths[payload.path]).toMatchObject({ gets: 1, heads: 0 })

  const inside = await engine.run('inspect', '--format', '{{.NetworkSettings.IPAddress}}', id)
  expect(await get(host, `http://${inside}:5100/vmw/rbd/tramp`)).toContain('chain host-register?')
  expect(await get(host, `http://${inside}:5100/any`)).toBe('no such thing\n')

  const pinned = await logLine(engine, id, 'service.hint')
  const fingerprint = await origin.fingerprint()
  expect(pinned['reason']).toContain(
    `pinned the origin's certificate at first sight: ${fingerprint}`,
  )
  expect(await engine.run('exec', id, 'cat', 'data/mirrors/autodeploy.pin')).toBe(fingerprint)

  const sockets = await engine.run('exec', id, 'cat', '/proc/net/udp', '/proc/net/udp6')
  expect(sockets.split('\n').filter((line) => !/local_address/.test(line))).toEqual([])
  expect(await processOf(engine, id)).toEqual({ user: '5100', capabilities: withoutAdmin })
  await engine.run('exec', id, 'node', '/opt/bootlace/docker/health.ts')

  const refused = engine.run('run', '--rm', '--network', 'host', '--cap-drop', 'ALL', 'bootlace')
  await expect(refused).rejects.toThrow(/no permission for TCP port 80.*--cap-add NET_BIND_SERVICE/)

  await engine.run('stop', id)
  expect(await engine.run('inspect', '--format', '{{.State.ExitCode}}', id)).toBe('0')
  await engine.run('start', id)
  await expect
    .poll(() => get(esxi, `${mirror}${payload.path}`, '--head').catch(String), { timeout: 30_000 })
    .toMatch(/HIT/)
  expect((await log(engine, id)).filter(({ event }) => event === 'service.hint')).toHaveLength(1)
})

test('compose on the host network: a machine boots from it, from DHCP to its report', async () => {
  let user: unknown
  let images = ''
  await using lab = await openLab({
    mode: 'full',
    machines: [{ firmware: 'bios' }],
    serve: async (namespace, file, config) => {
      const { server, engine, id } = await composeUp(namespace, dirname(file), config)
      user = await processOf(engine, id)
      const command = ['node', '/opt/bootlace/docker/start.ts', 'image', 'list']
      images = await engine.run('exec', id, ...command)
      return server
    },
  })
  const result = await lab.machines[0]!.boot({ timeout })
  if (!result.ok) throw new Error(story(result))
  expect(user).toEqual({ user: '5100', capabilities: granted })
  expect(images).toContain('mine (Linux): raw disk')
  expect(deliveries(result)).toEqual(
    expect.arrayContaining([
      'tftp lpxelinux.0',
      'http boot/tinyvm/vmlinuz',
      'http boot/tinyvm/initrd',
    ]),
  )
  expect(lab.server.complaints).toEqual([])
})

function get(namespace: string, url: string, ...flags: readonly string[]): Promise<string> {
  const curl = ['curl', '--silent', '--show-error', ...flags, url]
  return run('ip', 'netns', 'exec', namespace, ...curl)
}

/** `docker compose up` as docs/docker.md says, with a configuration in its folder. */
async function composeUp(
  namespace: string,
  directory: string,
  config: object,
): Promise<{ server: LabServer; engine: DockerEngine; id: string }> {
  await using started = new AsyncDisposableStack()
  const engine = started.use(await DockerEngine.start(namespace))
  const folder = join(directory, 'config')
  await mkdir(folder, { mode: 0o755 })
  const images = join(directory, 'images')
  await mkdir(images, { mode: 0o755 })
  await writeFile(join(images, 'mine.img'), fixtureImage('boot.img'))
  const own = { ...config, data: undefined, cache: undefined }
  await writeFile(join(folder, 'bootlace.yaml'), JSON.stringify(own))
  // After a test that was killed, the next engine must not start it on the machine's own network.
  const override = join(directory, 'compose.yaml')
  await writeFile(override, JSON.stringify({ services: { bootlace: { restart: 'no' } } }))
  const variables = {
    BOOTLACE_FOLDER: folder,
    BOOTLACE_IMAGES: images,
    BOOTLACE_CONFIG: '/etc/bootlace/bootlace.yaml',
    AUTO_DEPLOY: '',
  }
  const project = { override, variables }
  started.defer(async () => void (await engine.compose(project, 'down', '--volumes')))
  await engine.compose(project, 'up', '--detach', '--no-build')
  const id = await engine.compose(project, 'ps', '--quiet')
  const said = await ServerProcess.follow(namespace, engine.command('logs', '--follow', id))
  started.use(said)
  await engine.run('exec', id, 'node', '/opt/bootlace/docker/health.ts')
  const running = started.move()
  const server: LabServer = {
    log: said.log,
    complaints: said.complaints,
    listen: (listener) => said.listen(listener),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
  return { server, engine, id }
}

/** Whom the service runs as, and what is in effect for it. */
async function processOf(engine: DockerEngine, id: string): Promise<object> {
  const status = await engine.run('exec', id, 'cat', '/proc/1/status')
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\w+)`, 'm').exec(status)?.[1]
  return { user: field('Uid'), capabilities: field('CapEff') }
}

type LogLine = Readonly<Record<string, unknown>>

async function log(engine: DockerEngine, id: string): Promise<LogLine[]> {
  const text = await engine.run('logs', id)
  return text.split('\n').map((line) => JSON.parse(line) as LogLine)
}

/** The first line about this event, as soon as it is there. */
async function logLine(engine: DockerEngine, id: string, event: string): Promise<LogLine> {
  for (let waited = 0; waited < 150; waited += 1) {
    const text = await engine.run('logs', id)
    const line = text.split('\n').find((one) => one.includes(`"event":"${event}"`))
    if (line !== undefined) return JSON.parse(line) as LogLine
    await delay(100)
  }
  throw new Error(`no ${event} in the log:\n${await engine.run('logs', id)}`)
}
