/** What one installer makes of a kickstart's file: a verdict, each problem with its place, notes. */
import type { Finding } from '../../boot/kickstart/formats.ts'
import { type Installer, knows } from '../../boot/kickstart/installers.ts'
import type { Variables } from '../../boot/kickstart/template-reference.ts'
import { renderKickstart } from '../../boot/kickstart/render-kickstart.ts'
import { formatPath } from '../config/config-problems.ts'
import { type KickstartFile, offsetOf } from './kickstart-file.ts'

export interface KickstartReport {
  readonly file: string
  readonly installer: Installer
  /** `migrated`: good once it is changed as the notes say, and what is handed out is changed so. */
  readonly verdict: 'good' | 'migrated' | 'refused'
  readonly problems: readonly ReportedProblem[]
  readonly notes: readonly string[]
  /** What the installer would get. */
  readonly kickstart: unknown
}

export interface ReportedProblem {
  readonly severity: 'error' | 'warning'
  /** 1-based; undefined where the file says nothing of it. */
  readonly line?: number
  readonly column?: number
  readonly key: string
  readonly says: string
}

export function reportKickstart(
  read: KickstartFile,
  variables: Variables,
  installer: Installer,
): KickstartReport {
  const { kind, config, findings, notes } = renderKickstart(read.value, variables, installer)
  const problems = [
    ...problemsOfText(read, installer, kind !== 'plain'),
    ...findings.map((finding) => problemOf(finding, read)),
  ]
  const isGood = problems.every(({ severity }) => severity === 'warning')
  const good = kind === 'migrated' ? 'migrated' : 'good'
  return {
    file: read.file,
    installer,
    verdict: isGood ? good : 'refused',
    problems,
    notes,
    kickstart: config,
  }
}

/** `ks.json:3:5: disk: is missing`, a warning marked as one. */
export function sentence(
  file: string,
  { severity, line, column, key, says }: ReportedProblem,
): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`
  return `${place}: ${severity === 'warning' ? 'warning: ' : ''}${key === '' ? 'it' : key}: ${says}`
}

/** What is written anew as JSON keeps nothing of its form. */
function problemsOfText(
  { problems, lines }: KickstartFile,
  installer: Installer,
  isWrittenAnew: boolean,
): readonly ReportedProblem[] {
  return problems
    .filter(({ known, isOfForm }) => knows(installer, known) && !(isOfForm && isWrittenAnew))
    .map(({ offset, says }) => {
      const { line, col } = lines.linePos(offset)
      return { severity: 'error', line, column: col, key: 'the text', says }
    })
}

function problemOf(
  { path, severity, says }: Finding,
  { document, lines }: KickstartFile,
): ReportedProblem {
  const offset = offsetOf(document, path)
  const key = path.length === 0 ? 'the kickstart' : formatPath(path)
  if (offset === undefined) return { severity, key, says }
  const { line, col } = lines.linePos(offset)
  return { severity, line, column: col, key, says }
}
