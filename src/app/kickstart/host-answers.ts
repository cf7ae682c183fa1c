/**
 * The answers of a host: its unattended file, filled in with what is known of it and checked as the
 * installer of its image would, and the files that go with it. What is wrong is told with file, line
 * and key; nothing that is wrong is handed out.
 */
import type { AnswerFile, AnswerUrls, AnswersOf } from '../../boot/install/answers.ts'
import { formatOf } from '../../boot/kickstart/answer-format.ts'
import { hideVariables } from '../../boot/kickstart/hidden-text.ts'
import type { Installer } from '../../boot/kickstart/installers.ts'
import type { Variables } from '../../boot/kickstart/template-reference.ts'
import { withPhoneHome } from '../../boot/kickstart/phone-home.ts'
import { kickstartJson } from '../../boot/kickstart/render-kickstart.ts'
import type { AnswerFormat } from '../../boot/system/system.ts'
import { InputError } from '../../core/errors.ts'
import type { Config } from '../config/config-schema.ts'
import type { KnownImage } from '../image-entries.ts'
import { renderAnswers } from './answer-files.ts'
import { parseKickstart, readAnswerText } from './kickstart-file.ts'
import { type KickstartPlace, hostKickstart } from './kickstart-host.ts'
import { reportKickstart, sentence } from './kickstart-report.ts'
import type { AnswerProblem } from './structured-answers.ts'

export interface HostAnswersOptions {
  readonly config: Config
  /** The image that an entry boots from, where it is known now. */
  readonly imageOf: (entry: string) => Promise<KnownImage | undefined> | KnownImage | undefined
}

export function hostAnswers({ config, imageOf }: HostAnswersOptions): AnswersOf {
  return async (name, urls) => {
    const host = config.hosts.find((one) => one.name === name)
    const image = host === undefined ? undefined : await imageOf(host.boot)
    const source = sourceOf(config, name, { image, urls })
    try {
      return source.files()
    } catch (error) {
      throw error instanceof InputError ? withoutSecrets(error, source.variables) : error
    }
  }
}

/** Problems cite values, and these go to the page and the log. */
function withoutSecrets({ problems }: InputError, variables: Variables): InputError {
  return new InputError(problems.map((problem) => hideVariables(problem, variables)))
}

export interface AnswerSource {
  readonly file: string
  /** The key of the configuration that names the file. */
  readonly setting: string
  readonly format: AnswerFormat
  readonly variables: Variables
  /** Throws InputError, with every problem at once. */
  files(): readonly AnswerFile[]
}

/** Throws InputError where the host has no unattended file, or it cannot be read. */
export function sourceOf(
  config: Config,
  name: string,
  {
    image,
    urls,
    installer,
  }: {
    readonly image: KnownImage | undefined
    readonly urls: AnswerUrls
    /** Photon's, instead of that of the image. */
    readonly installer?: Installer | undefined
  },
): AnswerSource {
  const server = new URL(urls.server).hostname
  const found = hostKickstart(config, name, { image: image?.name, server })
  const text = readAnswerText(found.file)
  const variables = withUrls(found.variables, urls)
  const offers = image?.image.offers
  const system = offers?.system
  const format = system?.answers?.format ?? formatOf(text) ?? 'photon'
  const files = (): readonly AnswerFile[] => {
    if (format !== 'photon') {
      const known = { system: system?.id, version: image?.image.kind?.version }
      return good(found.file, renderAnswers(text, variables, { format, ...known }))
    }
    const known = installer ?? offers?.installer?.version
    return [photonFile({ file: found.file, text }, variables, known)]
  }
  return { ...found, variables, format, files }
}

/** What answers may say of where things are. */
export function withUrls(variables: Variables, urls: AnswerUrls): Variables {
  const { answers, done, image } = urls
  return new Map([...variables, ['answers', answers], ['done', done], ['image', image]])
}

/** As they are while it installs; the token is another one each time. */
export function exampleUrls(config: Config, name: string, place: KickstartPlace): AnswerUrls {
  const { variables } = hostKickstart(config, name, place)
  const { port } = config.http
  const host = String(variables.get('server') ?? '127.0.0.1')
  const url = `http://${host.includes(':') ? `[${host}]` : host}${port === 80 ? '' : `:${port}`}`
  const answers = `${url}/ks/TOKEN`
  return {
    server: url,
    answers,
    done: `${answers}/done`,
    image: `${url}/boot/${place.image ?? 'IMAGE'}`,
  }
}

/** The files, or InputError. */
function good(
  file: string,
  {
    files,
    problems,
  }: { readonly files: readonly AnswerFile[]; readonly problems: readonly AnswerProblem[] },
): readonly AnswerFile[] {
  if (problems.length === 0) return files
  throw new InputError(problems.map((problem) => answerSentence(file, problem)))
}

/** `preseed.cfg:12: has ${nam}, which is no variable …` */
export function answerSentence(file: string, { line, key, says }: AnswerProblem): string {
  const place = line === undefined ? file : `${file}:${line}`
  return key === undefined ? `${place}: ${says}` : `${place}: ${key}: ${says}`
}

function photonFile(
  { file, text }: { readonly file: string; readonly text: string },
  variables: Variables,
  installer: Installer | undefined,
): AnswerFile {
  if (installer === undefined) {
    throw new InputError([
      `${file}: which installer of Photon OS reads it is not known: the image does not tell its release`,
    ])
  }
  const report = reportKickstart(parseKickstart(text, file), variables, installer)
  const done = String(variables.get('done'))
  if (report.verdict === 'refused') {
    const errors = report.problems.filter(({ severity }) => severity === 'error')
    throw new InputError(errors.map((problem) => sentence(file, problem)))
  }
  return {
    name: 'photon.json',
    type: 'application/json; charset=utf-8',
    text: kickstartJson(withPhoneHome(report.kickstart, done, installer)),
  }
}
