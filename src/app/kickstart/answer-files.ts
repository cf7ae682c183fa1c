/**
 * From an unattended file of any system but Photon to what its installer gets: the host's
 * values filled in and escaped, checked as far as can be, with the files that belong to it.
 */
import { gzipSync } from 'node:zlib'
import { XMLValidator } from 'fast-xml-parser'
import { checkText, checkValue } from '../../boot/kickstart/answer-checks.ts'
import type { KsFinding } from '../../boot/esxi/ks-parse.ts'
import { renderEsxiKickstart } from '../../boot/esxi/ks-render.ts'
import { alpineOverlay } from '../../boot/kickstart/alpine-overlay.ts'
import { liveIgnition } from '../../boot/kickstart/ignition-live.ts'
import type { Variables } from '../../boot/kickstart/template-reference.ts'
import { type TextFormat, fillText } from '../../boot/kickstart/text-answers.ts'
import type { AnswerFile } from '../../boot/install/answers.ts'
import type { AnswerFormat } from '../../boot/system/system.ts'
import { writeTar } from '../../wire/disk/tar-writer.ts'
import { type AnswerProblem, fillStructured } from './structured-answers.ts'

/** Those that are made here. */
export type FileFormat = Exclude<AnswerFormat, 'photon'>

export interface RenderedAnswers {
  readonly files: readonly AnswerFile[]
  /** Reasons not to hand them out. */
  readonly problems: readonly AnswerProblem[]
  /** What a person should know, and no installer stumbles over. */
  readonly warnings: readonly AnswerProblem[]
}

interface Form {
  /** How values are put in. */
  readonly syntax: 'yaml' | 'json' | TextFormat
  readonly name: string
  readonly type: string
  /** Files beside the user's, or instead of it. */
  readonly others?: (text: string, variables: Variables) => readonly AnswerFile[]
}

const plain = 'text/plain; charset=utf-8'
const yaml = 'application/yaml; charset=utf-8'
const json = 'application/json; charset=utf-8'

/** Time stamp of what is packed: 2025-01-01. */
const modified = 1_735_689_600

const forms: Readonly<Record<FileFormat, Form>> = {
  preseed: { syntax: 'preseed', name: 'preseed.cfg', type: plain },
  esxi: { syntax: 'esxi', name: 'ks.cfg', type: plain },
  anaconda: { syntax: 'anaconda', name: 'ks.cfg', type: plain },
  autoyast: { syntax: 'autoyast', name: 'autoinst.xml', type: 'application/xml; charset=utf-8' },
  agama: { syntax: 'json', name: 'profile.json', type: json },
  'cloud-init': { syntax: 'yaml', name: 'user-data', type: yaml, others: seedFiles },
  'cloud-config': { syntax: 'yaml', name: 'config.yaml', type: yaml },
  ignition: { syntax: 'json', name: 'config.ign', type: json },
  talos: { syntax: 'yaml', name: 'config.yaml', type: yaml },
  alpine: { syntax: 'alpine', name: 'answers', type: plain, others: overlayFile },
  sysrescue: { syntax: 'yaml', name: 'sysrescue.yaml', type: yaml },
  shell: { syntax: 'shell', name: 'install.sh', type: plain },
}

/** What is known of the image. */
interface AnswersImage {
  /** Its kind. */
  readonly system?: string | undefined
  readonly version?: string | undefined
}

export function renderAnswers(
  text: string,
  variables: Variables,
  { format, system, version }: { readonly format: FileFormat } & AnswersImage,
): RenderedAnswers {
  const { syntax, name, type, others } = forms[format]
  const filled =
    syntax === 'yaml' || syntax === 'json'
      ? structured(text, variables, { syntax, format })
      : lines(text, variables, { syntax, format, version })
  const own = { name, type, text: filled.text }
  const beside = others?.(filled.text, variables) ?? []
  const live = format === 'ignition' ? liveFile(system, variables) : []
  const more = format === 'ignition' ? diskProblems(variables) : []
  const problems = [...filled.problems, ...more]
  return { files: [own, ...beside, ...live], problems, warnings: filled.warnings ?? [] }
}

interface Filled {
  readonly text: string
  readonly problems: readonly AnswerProblem[]
  readonly warnings?: readonly AnswerProblem[]
}

function structured(
  text: string,
  variables: Variables,
  { syntax, format }: { readonly syntax: 'yaml' | 'json'; readonly format: FileFormat },
): Filled {
  const filled = fillStructured(text, variables, syntax)
  if (filled.problems.length > 0) return filled
  const heads = headProblems(text, format)
  // Of Talos' documents the first is the machine's.
  const [main = null] = filled.values
  const findings = checkValue(main, format).map((finding) => filled.place(finding, 0))
  return { text: filled.text, problems: [...heads, ...findings] }
}

/** cloud-init takes for nothing what does not begin so. */
function headProblems(text: string, format: FileFormat): readonly AnswerProblem[] {
  const isCloud = format === 'cloud-init' || format === 'cloud-config'
  return isCloud && !text.startsWith('#cloud-config')
    ? [{ line: 1, says: 'does not begin with #cloud-config, so it is not read' }]
    : []
}

function lines(
  text: string,
  variables: Variables,
  {
    syntax,
    format,
    version,
  }: { readonly syntax: TextFormat; readonly format: FileFormat } & AnswersImage,
): Filled {
  if (format === 'esxi') {
    const { text: own, findings } = renderEsxiKickstart(text, variables, version)
    const those = (wanted: KsFinding['severity']) =>
      findings.filter(({ severity }) => severity === wanted)
    return { text: own, problems: those('error'), warnings: those('warning') }
  }
  const filled = fillText(text, variables, syntax)
  if (filled.problems.length > 0) return filled
  const { inPlace } = filled
  const problems = format === 'autoyast' ? xmlProblems(inPlace) : checkText(inPlace, format)
  return { text: filled.text, problems }
}

function xmlProblems(text: string): readonly AnswerProblem[] {
  const result = XMLValidator.validate(text)
  if (result !== true) return [{ line: result.err.line, says: `is no XML: ${result.err.msg}` }]
  return /<profile[\s>]/.test(text) ? [] : [{ line: 1, says: 'has no profile' }]
}

/** What cloud-init asks for beside `user-data`. */
function seedFiles(_text: string, variables: Variables): readonly AnswerFile[] {
  const name = String(variables.get('name') ?? '')
  const mac = String(variables.get('mac') ?? '')
  const about = { 'instance-id': `${name}-${mac}`, 'local-hostname': name }
  return [
    { name: 'meta-data', type: yaml, text: `${JSON.stringify(about)}\n` },
    { name: 'vendor-data', type: yaml, text: '#cloud-config\n{}\n' },
  ]
}

/** It goes into a unit of systemd, which reads `%` and quotes itself. */
const diskPath = /^\/dev\/[\w/.:-]+$/

function diskProblems(variables: Variables): readonly AnswerProblem[] {
  const disk = String(variables.get('vars.disk') ?? '')
  return disk === '' || diskPath.test(disk)
    ? []
    : [{ says: `vars.disk: found ${disk}, allowed: a path such as /dev/sda` }]
}

function liveFile(system: string | undefined, variables: Variables): readonly AnswerFile[] {
  const value = (name: string) => String(variables.get(name) ?? '')
  const disk = value('vars.disk') || '/dev/sda'
  const urls = { answers: value('answers'), done: value('done') }
  return [{ name: 'live.ign', type: json, text: liveIgnition(system ?? 'coreos', disk, urls) }]
}

function overlayFile(text: string, variables: Variables): readonly AnswerFile[] {
  const done = String(variables.get('done') ?? '')
  const hash = String(variables.get('vars.password_hash') ?? '*')
  const archive = writeTar(alpineOverlay({ answers: text, done, hash }), modified)
  const octets = new Uint8Array(gzipSync(archive))
  return [{ name: 'alpine.apkovl.tar.gz', type: 'application/gzip', text: '', octets }]
}
