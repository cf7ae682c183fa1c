/** What a Photon post-install gets so that it reports: run here by a real bash, to a real listener. */
import { execFile, execFileSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { type Installer, installers } from '../../../src/boot/kickstart/installers.ts'
import { readKickstart } from '../../../src/app/kickstart/kickstart-file.ts'
import { reportKickstart } from '../../../src/app/kickstart/kickstart-report.ts'
import { exampleVariables } from '../../../src/boot/kickstart/host-variables.ts'
import { checkKickstart, hasErrors } from '../../../src/boot/kickstart/kickstart-checks.ts'
import { withPhoneHome } from '../../../src/boot/kickstart/phone-home.ts'
import { goodKickstart } from '../../support/bad-kickstarts.ts'

const done = 'http://192.0.2.1/ks/TOKEN/done'

function lines(postinstall: unknown, installer: Installer = '2.7'): unknown {
  const config: unknown = withPhoneHome({ ...goodKickstart, postinstall }, done, installer)
  return (config as { postinstall: unknown }).postinstall
}

test('the words, as the installer gets them', () => {
  expect(lines(['#!/bin/sh', 'echo hello', 'exit 0'])).toEqual([
    '#!/bin/sh',
    `bootlace_done() { bash -c 'exec 3<>/dev/tcp/192.0.2.1/80 && printf "POST /ks/TOKEN/done HTTP/1.0\\r\\nHost: 192.0.2.1\\r\\nContent-Length: 0\\r\\n\\r\\n" >&3 && read -t 10 <&3' >/dev/null 2>&1 || true; }`,
    "trap 'bootlace_done' EXIT",
    'echo hello',
    'exit 0',
  ])
})

test('a kickstart without a post-install gets one', () => {
  expect(withPhoneHome({ disk: '/dev/sda' }, done, '2.7')).toMatchObject({
    postinstall: ['#!/bin/sh', expect.stringContaining('/dev/tcp/'), "trap 'bootlace_done' EXIT"],
  })
})

test.for([
  ['another language', ['#!/usr/bin/python3', 'print(1)']],
  ['no language', ['echo hello']],
  ['one that reports by itself', ['#!/bin/sh', `curl -s ${done} || true`]],
  ['no list', 'echo hello'],
] as const)('left alone: %s', ([, postinstall]) => {
  expect(lines(postinstall)).toEqual(postinstall)
})

test.for(installers)('%s takes what is added', (installer) => {
  const config = { ...goodKickstart, type: 'minimal', hostname: 'it' }
  const before = checkKickstart(config, installer)
  expect(checkKickstart(withPhoneHome(config, done, installer), installer)).toEqual(before)
})

const samples = globSync('kickstarts/photon-*.yaml').sort()

test('there are samples', () => expect(samples.length).toBeGreaterThanOrEqual(7))

test.for(samples.flatMap((file) => installers.map((installer) => [file, installer] as const)))(
  '%s for %s is as good with it, and still shell',
  ([file, installer]) => {
    const read = readKickstart(file)
    const report = reportKickstart(read, exampleVariables(new Map()), installer)
    const whole = withPhoneHome(report.kickstart, done, installer)
    const isWrong = (config: unknown) => hasErrors(checkKickstart(config, installer))
    expect(isWrong(whole)).toBe(isWrong(report.kickstart))
    const { postinstall } = whole as { postinstall: readonly string[] }
    execFileSync('bash', ['-n'], { input: postinstall.join('\n') })
  },
)

/** Runs it as the installer would: as a file. Answers its exit code and what was asked for. */
async function run(postinstall: readonly string[], installer: Installer) {
  const asked: string[] = []
  const server = createServer(({ method, url, headers }, response) => {
    asked.push(`${method} ${url} ${headers['content-length']}`)
    response.end('ok\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const folder = await mkdtemp(join(tmpdir(), 'bootlace-phone-'))
  onTestFinished(async () => {
    server.close()
    await rm(folder, { recursive: true })
  })
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/ks/TOKEN/done`
  const config = withPhoneHome({ postinstall }, url, installer) as { postinstall: string[] }
  const file = join(folder, 'postinstall')
  await writeFile(file, `${config.postinstall.join('\n')}\n`, { mode: 0o700 })
  const code = await promisify(execFile)('bash', [file]).then(
    () => 0,
    (error: { code: number }) => error.code,
  )
  return { code, asked }
}

const report = 'POST /ks/TOKEN/done 0'

test.for<readonly [installer: Installer, script: string, code: number, asked: readonly string[]]>([
  ['2.7', 'exit 0', 0, [report]],
  ['2.7', 'true', 0, [report]],
  ['2.7', 'exit 3', 3, [report]],
  ['2.7', 'set -e; false; true', 1, [report]],
  ['2.8', 'exit 0', 0, [report]],
  ['2.8', 'true', 0, [report]],
  ['2.8', 'exit 3', 3, []],
  ['master', 'set -e; false; true', 1, []],
])('%s: %s', async ([installer, script, code, asked]) => {
  expect(await run(['#!/bin/bash', script], installer)).toEqual({ code, asked })
})
