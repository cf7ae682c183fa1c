/**
 * A simulated vCenter Auto Deploy service by hand, also inside a network namespace:
 *
 *     npm run bench -- origin --port 6501 --admin-port 6599 --image esxi8
 *
 * The management port (6502 of a real one) has `/vmw/rbd/deploy-tftp.zip`. The admin port speaks plain
 * HTTP: `GET /counters` (JSON), `/ca.pem`, `/fingerprint`, `/secrets`; `POST /faults` with one `Fault`
 * as JSON adds it, `DELETE /faults` removes all.
 */
import { writeFileSync } from 'node:fs'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { SecureVersion } from 'node:tls'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { strToU8, zipSync } from 'fflate'
import { AutoDeployOrigin, closed, listen, reply, textOf } from './origin.ts'
import { type Fault, type VariantName, variants } from './origin-faults.ts'
import { type Image, isImage, payloadProfiles } from './origin-payloads.ts'

const usage = `npm run bench -- origin, with any of
  --address 127.0.0.1 --port 6501 --management-port 6502 --admin-port 6599
  --image NAME        ${payloadProfiles.join(', ')}; tiny@2 is a later build; may be repeated
  --variant NAME      ${Object.keys(variants).join(', ')}
  --plain             HTTP, no TLS
  --tls TLSv1.2       only this version
  --name NAME         in the certificate; may be repeated
  --ca-file FILE      where its CA's certificate is written
  --rate N            octets of payloads per second, over all connections
  --at-once N         requests that it works on at the same moment
  --proxy URL         registered, so that tramp leads through it; may be repeated
  --up-refusals N     how often a host's report is answered 503 first
  --last-line LINE    of a host's script, e.g. shell`

const options = {
  address: { type: 'string' as const, default: '127.0.0.1' },
  port: { type: 'string' as const, default: '6501' },
  'management-port': { type: 'string' as const },
  'admin-port': { type: 'string' as const, default: '0' },
  image: { type: 'string' as const, multiple: true, default: ['tiny'] },
  variant: { type: 'string' as const, default: 'bare' },
  plain: { type: 'boolean' as const, default: false },
  tls: { type: 'string' as const },
  name: { type: 'string' as const, multiple: true },
  'ca-file': { type: 'string' as const },
  rate: { type: 'string' as const },
  'at-once': { type: 'string' as const },
  proxy: { type: 'string' as const, multiple: true, default: [] as string[] },
  'up-refusals': { type: 'string' as const, default: '0' },
  'last-line': { type: 'string' as const, default: 'poweroff' },
  help: { type: 'boolean' as const, default: false },
} satisfies NonNullable<ParseArgsConfig['options']>

/** Serves until it is told to end. */
export async function originProgram(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options })
  if (values.help) return console.log(usage)
  const images = values.image.filter(isImage)
  if (images.length < values.image.length || !(values.variant in variants)) {
    console.error(usage)
    process.exit(2)
  }
  const origin = originOf(values, images)
  await origin.start()
  const admin = createServer((request, response) => void administer(origin, request, response))
  await listen(admin, Number(values['admin-port']), values.address)
  const servers = [admin, ...(await management(origin, values['management-port']))]
  if (values['ca-file'] !== undefined) writeFileSync(values['ca-file'], origin.authority?.ca ?? '')
  console.log(
    JSON.stringify({
      origin: origin.url.origin,
      admin: `http://${values.address}:${(admin.address() as AddressInfo).port}`,
      fingerprint: origin.certificate?.fingerprint,
      payloads: origin.payloads.length,
      bytes: origin.payloads.reduce((sum, { size }) => sum + size, 0),
    }),
  )
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void end(origin, servers))
  }
}

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values']

function originOf(values: Values, images: readonly Image[]): AutoDeployOrigin {
  const { address, rate, tls, 'at-once': atOnce } = values
  const origin = new AutoDeployOrigin({
    address,
    images,
    port: Number(values.port),
    plain: values.plain,
    lastLine: values['last-line'],
    ...(values.name === undefined ? {} : { names: values.name }),
    ...(rate === undefined ? {} : { rate: Number(rate) }),
    ...(tls === undefined ? {} : { tlsVersion: tls as SecureVersion }),
    ...(atOnce === undefined ? {} : { atOnce: Number(atOnce) }),
  })
  origin.variant = variants[values.variant as VariantName]
  origin.hosts.proxies = values.proxy
  origin.hosts.upRefusals = Number(values['up-refusals'])
  return origin
}

async function end(origin: AutoDeployOrigin, servers: readonly Server[]): Promise<void> {
  for (const server of servers) server.closeAllConnections()
  await Promise.all([origin.close(), ...servers.map(closed)])
  process.exit(0)
}

async function management(
  origin: AutoDeployOrigin,
  port: string | undefined,
): Promise<readonly Server[]> {
  if (port === undefined) return []
  const { cert = '', key = '' } = origin.certificate ?? {}
  const zip = tftpZip(origin)
  const server = createSecureServer({ cert, key }, (request, response) =>
    request.url === '/vmw/rbd/deploy-tftp.zip'
      ? reply(response, 200, zip, { 'content-type': 'application/zip' })
      : reply(response, 404, 'no such thing\n'),
  ) as Server
  await listen(server, Number(port), origin.options.address ?? '127.0.0.1')
  return [server]
}

/** What an administrator unpacks into the TFTP folder. */
function tftpZip(origin: AutoDeployOrigin): Buffer {
  const tramp = `#!gpxe\nset filename ${origin.url.origin}/vmw/rbd/tramp\nchain ${origin.url.origin}/vmw/rbd/tramp\n`
  const loader = strToU8('a stand-in for a boot loader\n'.repeat(1000))
  return Buffer.from(
    zipSync({
      tramp: strToU8(tramp),
      'undionly.kpxe.vmw-hardwired': loader,
      'snponly64.efi.vmw-hardwired': loader,
    }),
  )
}

async function administer(
  origin: AutoDeployOrigin,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const place = `${request.method} ${request.url}`
  if (place === 'POST /faults') origin.inject(JSON.parse(await textOf(request)) as Fault)
  if (place === 'DELETE /faults') origin.clearFaults()
  const answers: Readonly<Record<string, () => string>> = {
    'GET /ca.pem': () => origin.authority?.ca ?? '',
    'GET /fingerprint': () => `${origin.certificate?.fingerprint}\n`,
    'GET /secrets': () => [...origin.hosts.secrets, ''].join('\n'),
    'GET /counters': () => counters(origin),
    'POST /faults': () => 'ok\n',
    'DELETE /faults': () => 'ok\n',
  }
  const text = answers[place]?.()
  return reply(response, text === undefined ? 404 : 200, text ?? 'no such thing\n')
}

function counters(origin: AutoDeployOrigin): string {
  const { counts, payloads, seen, connections, maxConnections, handshakes } = origin
  return JSON.stringify({
    paths: Object.fromEntries(counts),
    payloads,
    requests: seen.length,
    connections,
    maxConnections,
    handshakes,
  })
}

if (import.meta.main) await originProgram(process.argv.slice(2))
