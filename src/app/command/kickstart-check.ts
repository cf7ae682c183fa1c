/**
 * `kickstart check FILE`: every problem of a Photon kickstart, for one installer; without one, for
 * the newest, with what the others say in a line. Other systems' files are told by their text.
 */
import type { Variables } from '../../boot/kickstart/template-reference.ts'
import {
  type Installer,
  type Release,
  findInstaller,
  installers,
  releases,
} from '../../boot/kickstart/installers.ts'
import { InputError } from '../../core/errors.ts'
import { formatOf, formatTitles } from '../../boot/kickstart/answer-format.ts'
import { type FileFormat, renderAnswers } from '../kickstart/answer-files.ts'
import { answerSentence } from '../kickstart/host-answers.ts'
import { readAnswerText, readKickstart } from '../kickstart/kickstart-file.ts'
import { type KickstartReport, reportKickstart, sentence } from '../kickstart/kickstart-report.ts'

/** The installer that was asked for, and the release by whose name it was. */
export interface AskedInstaller {
  readonly installer: Installer
  readonly release?: Release | undefined
}

/** 0 where it is taken, else 2. `installer` is what was typed. Throws InputError. */
export function checkFile(
  file: string,
  variables: Variables,
  { installer, json }: { readonly installer?: string | undefined; readonly json: boolean },
): number {
  const format = installer === undefined ? formatOf(readAnswerText(file)) : 'photon'
  if (format !== undefined && format !== 'photon') {
    return checkAnswers(file, format, { variables, json })
  }
  const read = readKickstart(file)
  if (installer !== undefined) {
    const asked = askedInstaller(installer)
    const report = reportKickstart(read, variables, asked.installer)
    const { release } = asked
    if (json) console.log(JSON.stringify({ ...report, release: release?.name }))
    else tellReport(report, nameOf(asked))
    return codeOf(report)
  }
  const reports = installers.map((one) => reportKickstart(read, variables, one))
  if (json) console.log(JSON.stringify(reports))
  else tellAll(reports)
  return codeOf(reports.at(-1))
}

/** The file of another system, filled in. */
function checkAnswers(
  file: string,
  format: FileFormat,
  { variables, json }: { readonly variables: Variables; readonly json: boolean },
): number {
  const { problems, warnings } = renderAnswers(readAnswerText(file), variables, { format })
  const title = formatTitles[format]
  const verdict = problems.length === 0 ? 'good' : 'refused'
  if (json) console.log(JSON.stringify({ file, format: title, verdict, problems, warnings }))
  else {
    for (const problem of problems) console.error(answerSentence(file, problem))
    for (const { key = 'it', ...problem } of warnings) {
      console.error(answerSentence(file, { ...problem, key: `warning: ${key}` }))
    }
    const outcome = verdict === 'good' ? 'good as' : `${problems.length} to mend as`
    console.log(`${file}: ${outcome} ${title}`)
  }
  return verdict === 'good' ? 0 : 2
}

/** Throws InputError where there is none of that name. */
export function askedInstaller(name: string): AskedInstaller {
  const installer = findInstaller(name)
  if (installer === undefined) {
    const known = [...installers, ...releases.map((release) => release.name)]
    throw new InputError([`--installer: there is no ${name}; there are ${known.join(', ')}`])
  }
  const isOwn = installers.some((one) => one === name.toLowerCase().replace(/^v(?=\d)/, ''))
  const named = releases.find((release) =>
    [release.name, `photon${release.name}`].includes(name.toLowerCase()),
  )
  return { installer, release: isOwn ? undefined : named }
}

function nameOf({ installer, release }: AskedInstaller): string {
  return release === undefined ? installer : `Photon OS ${release.name} (installer ${installer})`
}

function codeOf(report: KickstartReport | undefined): 0 | 2 {
  return report === undefined || isRefused(report) ? 2 : 0
}

/** Every problem and note, then in a line whether it is good for what `name` says. */
export function tellReport(report: KickstartReport, name: string): void {
  const { file, problems, notes } = report
  for (const problem of problems) console.error(sentence(file, problem))
  for (const note of notes) console.log(`${file}: ${note}`)
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const outcome = isRefused(report) ? `not for ${name}: ${errors} to mend` : `good for ${name}`
  console.log(`${file}: ${outcome}`)
}

/** The newest decides: what it refuses is no good file because an older one cannot tell. */
function tellAll(reports: readonly KickstartReport[]): void {
  const newest = reports.at(-1)
  if (newest === undefined) return
  const refused = reports.filter(isRefused)
  const taken = reports.filter((report) => !isRefused(report))
  if (isRefused(newest)) {
    tellReport(newest, `${newest.installer}, the newest installer`)
    if (taken.length > 0) console.log(`good for ${namesOf(taken)}; --installer V checks for one`)
    return
  }
  console.log(`${newest.file}: good for ${namesOf(taken)}`)
  if (refused.length > 0) console.log(`not for ${namesOf(refused)}; --installer V says why`)
}

function isRefused({ verdict }: KickstartReport): boolean {
  return verdict === 'refused'
}

function namesOf(reports: readonly KickstartReport[]): string {
  return reports.map(({ installer }) => installer).join(', ')
}
