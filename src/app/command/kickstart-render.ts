/**
 * `kickstart render` and `kickstart check` of a host: what it gets, whichever system it installs, and
 * whether that is good.
 */
import type { Installer } from '../../boot/kickstart/installers.ts'
import { hideInText } from '../../boot/kickstart/hidden-text.ts'
import { withPhoneHome } from '../../boot/kickstart/phone-home.ts'
import { hideSecrets, kickstartJson } from '../../boot/kickstart/render-kickstart.ts'
import type { AnswerFile } from '../../boot/install/answers.ts'
import { formatTitles } from '../../boot/kickstart/answer-format.ts'
import { InputError } from '../../core/errors.ts'
import { loadConfig } from '../config/config.ts'
import { type AnswerSource, exampleUrls, sourceOf } from '../kickstart/host-answers.ts'
import { openImageOf } from '../kickstart/host-image.ts'
import { readKickstart } from '../kickstart/kickstart-file.ts'
import { reportKickstart, sentence } from '../kickstart/kickstart-report.ts'
import { askedInstaller, tellReport } from './kickstart-check.ts'

export interface RenderOptions {
  readonly installer?: string | undefined
  readonly config?: string | undefined
  readonly server?: string | undefined
  readonly secrets: boolean
  readonly json: boolean
}

/** The exit code. Throws InputError. */
export async function renderHost(name: string, options: RenderOptions): Promise<number> {
  const { source, installer } = await hostSource(name, options)
  if (source.format !== 'photon') return renderFiles(name, source, options)
  return renderPhoton(name, source, { ...options, installer: known(installer) })
}

/** `kickstart check HOST`: whether it gets what it needs. The exit code. Throws InputError. */
export async function checkHost(name: string, options: RenderOptions): Promise<number> {
  const { source, installer } = await hostSource(name, options)
  const { file, format, variables } = source
  if (format === 'photon') {
    const reader = known(installer)
    const report = reportKickstart(readKickstart(file), variables, reader)
    if (options.json) console.log(JSON.stringify({ host: name, ...report }))
    else tellReport(report, `${name}, whose installer is ${reader}`)
    return report.verdict === 'refused' ? 2 : 0
  }
  const files = source.files().map((each) => each.name)
  const title = formatTitles[format]
  if (options.json) console.log(JSON.stringify({ host: name, file, format: title, files }))
  else console.log(`${file}: good as ${title}, for ${name}`)
  return 0
}

interface HostSource {
  readonly source: AnswerSource
  /** Photon's: that which was asked for, else that of the image. */
  readonly installer: Installer | undefined
}

async function hostSource(name: string, options: RenderOptions): Promise<HostSource> {
  const config = loadConfig({ file: options.config, environment: process.env })
  const asked =
    options.installer === undefined ? undefined : askedInstaller(options.installer).installer
  const host = config.hosts.find((one) => one.name === name)
  await using image = host === undefined ? undefined : await openImageOf(config, host.boot)
  const place = { image: image?.name, server: options.server }
  const source = sourceOf(config, name, { image, urls: exampleUrls(config, name, place) })
  return { source, installer: asked ?? image?.image.offers?.installer?.version }
}

function known(installer: Installer | undefined): Installer {
  if (installer !== undefined) return installer
  throw new InputError([
    '--installer is missing: which one the image of the host has, e.g. 5.0; the image does not tell',
  ])
}

function renderFiles(name: string, source: AnswerSource, options: RenderOptions): number {
  const files = source.files().map((file) => shown(file, source, options.secrets))
  if (options.json) {
    const { file, format } = source
    console.log(JSON.stringify({ host: name, file, format: formatTitles[format], files }))
    return 0
  }
  for (const file of files) {
    if (files.length > 1) console.log(`==> ${file.name} <==`)
    process.stdout.write(file.text)
  }
  return 0
}

function shown(
  { name, type, text, octets }: AnswerFile,
  { variables }: AnswerSource,
  hasSecrets: boolean,
): AnswerFile {
  const packed = octets === undefined ? text : `(${octets.length} octets, packed)\n`
  return { name, type, text: hasSecrets ? packed : hideInText(packed, variables) }
}

function renderPhoton(
  name: string,
  { file, variables }: AnswerSource,
  { installer, secrets, json }: RenderOptions & { readonly installer: Installer },
): number {
  const report = reportKickstart(readKickstart(file), variables, installer)
  const whole = withPhoneHome(report.kickstart, String(variables.get('done')), installer)
  const kickstart = secrets ? whole : hideSecrets(whole, variables)
  const isRefused = report.verdict === 'refused'
  if (json) console.log(JSON.stringify({ host: name, ...report, kickstart }))
  else {
    for (const problem of report.problems) console.error(sentence(report.file, problem))
    for (const note of report.notes) console.error(`${report.file}: ${note}`)
    if (!isRefused) process.stdout.write(kickstartJson(kickstart))
  }
  return isRefused ? 2 : 0
}
