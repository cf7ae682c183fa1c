/**
 * Programs that others wrote fetch files from the TFTP server, over loopback. What counts is the
 * checksum of what they wrote to disk, not what they say.
 */
import { type ExecFileException, execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { diskTree } from '../../src/io/files/disk-tree.ts'
import { TftpServer } from '../../src/server/tftp/tftp-server.ts'

const files = {
  empty: 0,
  small: 1000,
  exact512: 512 * 20,
  exact1428: 1428 * 20,
  large: 10_000_000,
  /** More than 65535 blocks of 512 octets. */
  wrapping: 34_000_000,
} as const
type Name = keyof typeof files

let root: string
let local: string
let port: number
let server: TftpServer
const sums = new Map<string, string>()

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'bootlace-tftp-interop-'))
  local = mkdtempSync(join(tmpdir(), 'bootlace-tftp-got-'))
  for (const [name, size] of Object.entries(files)) {
    const octets = octetsOf(size)
    sums.set(name, sumOf(octets))
    writeFileSync(join(root, name), octets)
  }
  server = new TftpServer({
    addresses: () => ['127.0.0.1'],
    port: 0,
    tree: diskTree(root),
    macOf: () => undefined,
    emit: () => undefined,
    clock: Date.now,
  })
  await server.start()
  port = server.endpoints[0]!.port
})
afterAll(async () => {
  await server.stop()
  rmSync(root, { recursive: true })
  rmSync(local, { recursive: true })
})

interface Fetcher {
  readonly name: string
  readonly fetch: (file: string, to: string) => Promise<string>
}

const loopback = '127.0.0.1'
const curl: Fetcher = {
  name: 'curl',
  fetch: (file, to) => run('curl', ['-sS', '-o', to, `tftp://${loopback}:${port}/${file}`]),
}
const curlPlain: Fetcher = {
  name: 'curl without options',
  fetch: (file, to) =>
    run('curl', ['-sS', '--tftp-no-options', '-o', to, `tftp://${loopback}:${port}/${file}`]),
}
const curlLarge: Fetcher = {
  name: 'curl, blksize 1428',
  fetch: (file, to) =>
    run('curl', ['-sS', '--tftp-blksize', '1428', '-o', to, `tftp://${loopback}:${port}/${file}`]),
}
const hpa: Fetcher = {
  name: 'tftp-hpa',
  fetch: (file, to) => run('tftp', ['-m', 'octet', loopback, String(port), '-c', 'get', file, to]),
}
const busybox: Fetcher = {
  name: 'busybox tftp',
  fetch: (file, to) => run('busybox', ['tftp', '-g', '-r', file, '-l', to, loopback, String(port)]),
}
const busyboxLarge: Fetcher = {
  name: 'busybox tftp, blksize 1428',
  fetch: (file, to) =>
    run('busybox', ['tftp', '-b', '1428', '-g', '-r', file, '-l', to, loopback, String(port)]),
}
const atftp = atftpWith()
const atftpLarge = atftpWith('blksize 1428')
const atftpWindow = atftpWith('blksize 1428', 'windowsize 16')
const atftpHuge = atftpWith('blksize 65464', 'windowsize 4', 'timeout 1')

function atftpWith(...options: readonly string[]): Fetcher {
  const words = options.flatMap((option) => ['--option', option])
  return {
    name: ['atftp', ...options].join(', '),
    fetch: (file, to) =>
      run('atftp', [...words, '-g', '-r', file, '-l', to, loopback, String(port)]),
  }
}

interface NpmTftp {
  createClient(options: object): {
    get(remote: string, local: string, done: (error: Error | undefined) => void): void
  }
}
const npmTftp = createRequire(import.meta.url)('tftp') as NpmTftp

function npmWith(name: string, options: object): Fetcher {
  return {
    name: `npm tftp${name}`,
    fetch: (file, to) =>
      new Promise((resolve) => {
        const client = npmTftp.createClient({ host: loopback, port, ...options })
        client.get(file, to, (error) => resolve(error?.message ?? ''))
      }),
  }
}
const npm = npmWith('', {})
const npmWindow = npmWith(', windowsize 8', { windowSize: 8, blockSize: 1468 })

const everyday: readonly Name[] = ['empty', 'small', 'exact512', 'exact1428', 'large']
const cases: readonly (readonly [Fetcher, readonly Name[]])[] = [
  [hpa, [...everyday, 'wrapping']],
  [atftp, everyday],
  [atftpLarge, everyday],
  [atftpWindow, [...everyday, 'wrapping']],
  [atftpHuge, everyday],
  // curl refuses an empty file whose size it was told: its own check.
  [curl, everyday.filter((name) => name !== 'empty')],
  [curlPlain, everyday],
  [curlLarge, everyday.filter((name) => name !== 'empty')],
  [busybox, [...everyday, 'wrapping']],
  [busyboxLarge, everyday],
  [npm, everyday.filter((name) => name !== 'empty')],
  [npmWindow, ['small', 'exact512', 'large']],
]

test.for(cases.flatMap(([fetcher, names]) => names.map((name) => ({ fetcher, name }))))(
  '$fetcher.name fetches $name',
  async ({ fetcher, name }) => {
    const to = join(local, `${fetcher.name}-${name}`.replaceAll(/[^a-z0-9]/gi, '-'))
    const said = await fetcher.fetch(name, to)
    expect({ said, sum: sumOf(readFileSync(to)) }).toEqual({ said, sum: sums.get(name) })
    rmSync(to)
  },
)

test.for([hpa, atftp, curl, busybox, npm])(
  '$name hears that a file is missing',
  async (fetcher) => {
    const said = await fetcher.fetch('no-such-file', join(local, 'missing'))
    // curl has a code of its own for it, and no words
    expect(said).toMatch(/not found|curl: \(68\)/i)
  },
)

test('twenty clients at once, each has its file', async () => {
  const got = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const to = join(local, `many-${index}`)
      await atftpWindow.fetch('large', to)
      return sumOf(readFileSync(to))
    }),
  )
  expect(new Set(got)).toEqual(new Set([sums.get('large')]))
})

/** Answers everything that the program said; its exit code means different things to each. */
function run(program: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const done = (error: ExecFileException | null, out: string, problem: string): void => {
      if (error?.code === 'ENOENT') reject(new Error(`${program} is not installed`))
      else resolve(`${out}${problem}`)
    }
    execFile(program, [...words], { cwd: local, timeout: 30_000 }, done)
  })
}

function octetsOf(size: number): Uint8Array {
  const octets = new Uint32Array(Math.ceil(size / 4))
  for (let index = 0; index < octets.length; index++) octets[index] = Math.imul(index, 0x9e3779b1)
  return new Uint8Array(octets.buffer, 0, size)
}

function sumOf(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex')
}
