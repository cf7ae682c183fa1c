import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { OriginTrust } from '../../../src/io/cache/origin-trust.ts'
import { caFile, mirrorFixture } from '../../support/mirror-fixture.ts'
import { AutoDeployOrigin } from '../../support/origin.ts'
import { payloadOctets } from '../../support/origin-payloads.ts'

const overTls = { plain: false }

/** Both ways to the origin: a download and a passed request. */
async function bothWays(f: Awaited<ReturnType<typeof mirrorFixture>>, index = 4) {
  const payload = f.origin.payloads[index]!
  const answers = await Promise.all([f.get(payload.path), f.get('/vmw/rbd/tramp')])
  if (answers[0].status === 200) expect(answers[0].body.equals(payloadOctets(payload))).toBe(true)
  return answers.map(({ status, body }) => (status === 200 ? 'served' : body.toString()))
}

test('a CA file vouches for the origin, whatever Host the client sends', async () => {
  await using f = await mirrorFixture({
    origin: overTls,
    trust: (origin, scratch) => ({ ca: caFile(origin, scratch) }),
  })
  expect(await bothWays(f)).toEqual(['served', 'served'])
  for (const host of ['evil.example', 'other.example', 'evil.example']) {
    expect((await f.get('/vmw/rbd/tramp', { headers: { host } })).status).toBe(200)
  }
  expect(f.origin.handshakes).toBeLessThanOrEqual(2)
})

test('a CA that did not sign it is refused, and the sentence says what to look at', async () => {
  const other = new AutoDeployOrigin()
  await other.start()
  await using f = await mirrorFixture({
    origin: overTls,
    trust: (_origin, scratch) => ({ ca: caFile(other, scratch) }),
  })
  await other.close()
  const sentence = expect.stringMatching(/CA file \(trust\.ca\) does not vouch for/)
  expect(await bothWays(f)).toEqual([sentence, sentence])
  expect(f.origin.seen).toHaveLength(0)
})

test('a CA file that is replaced counts from the next connection on', async () => {
  const other = new AutoDeployOrigin()
  await other.start()
  let file = ''
  await using f = await mirrorFixture({
    origin: overTls,
    trust: (_origin, scratch) => ({ ca: (file = caFile(other, scratch)) }),
  })
  await other.close()
  const sentence = expect.stringMatching(/CA file \(trust\.ca\) does not vouch for/)
  expect(await bothWays(f)).toEqual([sentence, sentence])
  rmSync(file)
  expect(await bothWays(f)).toEqual([sentence, sentence])
  writeFileSync(file, `${f.origin.authority!.ca}\n`)
  await expect.poll(() => bothWays(f)).toEqual(['served', 'served'])
  const hints = f.events.filter(({ type }) => type === 'service.hint').map(({ reason }) => reason)
  expect(new Set(hints)).toEqual(
    new Set([`the CA file ${file} has changed: it counts from now on`]),
  )
})

test('by address, the certificate’s name is asked for with servername', async () => {
  const origin = new AutoDeployOrigin({ names: ['vcsa.lab.test'] })
  await origin.start()
  const trust = (_origin: AutoDeployOrigin, scratch: string) => ({ ca: caFile(origin, scratch) })
  {
    await using f = await mirrorFixture({ startedOrigin: origin, trust })
    expect((await bothWays(f))[0]).toMatch(/for another name: set servername/)
  }
  await using f = await mirrorFixture({
    startedOrigin: origin,
    trust,
    mirror: { servername: 'vcsa.lab.test' },
  })
  expect(await bothWays(f)).toEqual(['served', 'served'])
  await origin.close()
})

test.for(['as it is', 'without colons', 'in small letters'])(
  'the right fingerprint is enough, %s',
  async (form) => {
    await using f = await mirrorFixture({
      origin: overTls,
      trust: (origin) => {
        const text = origin.certificate!.fingerprint
        if (form === 'as it is') return { fingerprint: text }
        if (form === 'in small letters') return { fingerprint: text.toLowerCase() }
        return { fingerprint: `sha256:${text.slice(7).replaceAll(':', '')}` }
      },
    })
    expect(await bothWays(f)).toEqual(['served', 'served'])
  },
)

test('the wrong fingerprint is refused before anything is asked', async () => {
  const wrong = `sha256:${'00'.repeat(32)}`
  await using f = await mirrorFixture({ origin: overTls, trust: () => ({ fingerprint: wrong }) })
  const found = f.origin.certificate!.fingerprint
  const sentence = expect.stringContaining(`expected ${wrong}, found ${found}`)
  expect(await bothWays(f)).toEqual([sentence, sentence])
  expect(f.origin.seen).toHaveLength(0)
})

test('insecure asks for nothing', async () => {
  await using f = await mirrorFixture({ origin: overTls, trust: () => ({ insecure: true }) })
  expect(await bothWays(f)).toEqual(['served', 'served'])
})

test('the first certificate is pinned, said once, demanded later, replaced on purpose only', async () => {
  let pinFile = ''
  await using f = await mirrorFixture({
    origin: overTls,
    trust: (_origin, scratch) => {
      pinFile = join(scratch, 'data', 'autodeploy.pin')
      return { pinFile }
    },
  })
  expect(await bothWays(f)).toEqual(['served', 'served'])
  const first = f.origin.certificate!.fingerprint
  expect(readFileSync(pinFile, 'utf8')).toBe(`${first}\n`)
  const hints = f.events.filter(({ type }) => type === 'service.hint')
  expect(hints.map(({ reason }) => reason)).toEqual([
    `pinned the origin's certificate at first sight: ${first} (remembered in ${pinFile})`,
  ])

  await f.origin.close()
  await f.origin.replaceCertificate()
  await f.origin.start()
  const second = f.origin.certificate!.fingerprint
  const sentence = expect.stringContaining(
    `expected ${first}, found ${second}. If the certificate was replaced: bootlace mirror trust autodeploy --accept (or delete ${pinFile}`,
  )
  expect(await bothWays(f, 5)).toEqual([sentence, sentence])

  rmSync(pinFile)
  expect(await bothWays(f, 5)).toEqual(['served', 'served'])
  expect(readFileSync(pinFile, 'utf8')).toBe(`${second}\n`)
})

test('a pin outlives a restart', async () => {
  const origin = new AutoDeployOrigin()
  await origin.start()
  await using keeper = await mirrorFixture()
  const pinFile = join(keeper.scratch, 'data', 'autodeploy.pin')
  {
    await using f = await mirrorFixture({ startedOrigin: origin, trust: () => ({ pinFile }) })
    expect(await bothWays(f)).toEqual(['served', 'served'])
  }
  expect(existsSync(pinFile)).toBe(true)
  await origin.close()
  await origin.replaceCertificate()
  await origin.start()
  await using f = await mirrorFixture({ startedOrigin: origin, trust: () => ({ pinFile }) })
  expect((await bothWays(f))[1]).toMatch(/not the trusted one/)
  await origin.close()
})

test('any other trust counts from the next connection on; one that cannot be used changes nothing', async () => {
  const right: OriginTrust[] = []
  const wrong = { fingerprint: `sha1:${'00'.repeat(20)}` }
  let trust: OriginTrust = wrong
  await using f = await mirrorFixture({
    origin: overTls,
    trust: (origin, scratch) => {
      right.push({ fingerprint: origin.certificate!.fingerprint }, { insecure: true })
      right.push({ ca: caFile(origin, scratch) }, { pinFile: join(scratch, 'autodeploy.pin') })
      return () => trust
    },
  })
  for (const one of right) {
    trust = wrong
    await f.origin.close() // so that no connection is left from before
    await f.origin.start()
    await expect.poll(async () => (await bothWays(f))[1]).toMatch(/not the trusted one/)
    trust = one
    await expect.poll(async () => (await bothWays(f))[1]).toBe('served')
  }
  await f.origin.close()
  await f.origin.start()
  trust = { ca: join(f.scratch, 'none.pem') }
  await expect.poll(async () => (await bothWays(f))[1]).toBe('served')
  const hints = f.events.filter(({ type }) => type === 'service.hint').map(({ reason }) => reason)
  expect(hints).toContainEqual(expect.stringMatching(/^what is trusted has not changed: /))
})

test('what was connected under another trust carries no new request; what runs there ends as it began', async () => {
  let trust: OriginTrust = { insecure: true }
  await using f = await mirrorFixture({ origin: overTls, trust: () => () => trust })
  expect(await bothWays(f)).toEqual(['served', 'served'])
  const running = f.origin.payloads[5]!
  f.origin.inject({ path: running.path, delay: 300 })
  const begun = f.get(running.path)
  await expect.poll(() => f.origin.seen.map(({ url }) => url)).toContain(running.path)
  trust = { fingerprint: `sha256:${'00'.repeat(32)}` }
  const refused = expect.stringMatching(/not the trusted one/)
  expect(await bothWays(f, 6)).toEqual([refused, refused])
  expect((await begun).body.equals(payloadOctets(running))).toBe(true)
  trust = { fingerprint: f.origin.certificate!.fingerprint }
  expect(await bothWays(f, 6)).toEqual(['served', 'served'])
})

test('what comes behind an answer is heard whatever is trusted by then', async () => {
  let trust: OriginTrust = { fingerprint: `sha256:${'00'.repeat(32)}` }
  await using f = await mirrorFixture({ origin: overTls, trust: () => () => trust })
  await bothWays(f)
  trust = { insecure: true }
  const { path } = f.origin.payloads[4]!
  f.origin.inject({ path, times: 1, saysLength: 100 })
  expect((await f.get(path)).body).toHaveLength(100)
  await expect.poll(() => f.events.map(({ type }) => type)).toContain('mirror.broken')
})

test('a CA file that comes after the configuration that names it counts then; it is told once', async () => {
  let trust: OriginTrust = { fingerprint: `sha1:${'00'.repeat(20)}` }
  await using f = await mirrorFixture({ origin: overTls, trust: () => () => trust })
  const late = join(f.scratch, 'late.pem')
  trust = { ca: late }
  for (let times = 0; times < 2; times++) {
    expect((await bothWays(f))[1]).toMatch(/not the trusted one/)
  }
  copyFileSync(caFile(f.origin, f.scratch), late)
  await expect.poll(() => bothWays(f)).toEqual(['served', 'served'])
  const hints = f.events.map(({ reason }) => reason).filter((reason) => reason?.startsWith('what'))
  expect(hints).toEqual([
    'what is trusted has not changed: there is no such file',
    'what is trusted has changed: it counts from now on',
  ])
})
