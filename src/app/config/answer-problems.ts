/**
 * What is wrong with the unattended files of hosts, told before any machine boots: each is rendered
 * for its host and checked as its installer would.
 */
import { InputError } from '../../core/errors.ts'
import { exampleUrls, sourceOf } from '../kickstart/host-answers.ts'
import { openImageOf } from '../kickstart/host-image.ts'
import { kickstartOf } from '../kickstart/kickstart-host.ts'
import type { Config } from './config-schema.ts'

/** Sentences that begin with the key of the configuration that names the file. */
export async function answerProblems(config: Config): Promise<readonly string[]> {
  const said: string[] = []
  for (const [index, host] of config.hosts.entries()) {
    if (['menu', 'disk', 'autodeploy'].includes(host.boot)) continue
    said.push(...(await problemsOf(config, index).catch(problemsOfError(`hosts[${index}]`))))
  }
  return said
}

async function problemsOf(config: Config, index: number): Promise<readonly string[]> {
  const host = config.hosts[index]
  if (host === undefined) return []
  await using image = await openImageOf(config, host.boot)
  if (kickstartOf(host, config.images, image?.name ?? host.boot) === undefined) return []
  const urls = exampleUrls(config, host.name, { image: image?.name })
  // Which installer of Photon it is only the image tells: without it nothing more can be said.
  const source = sourceOf(config, host.name, { image, urls })
  if (source.format === 'photon' && image === undefined) return []
  try {
    source.files()
    return []
  } catch (error) {
    return problemsOfError(source.setting)(error).map((says) => `${says} (host ${host.name})`)
  }
}

function problemsOfError(setting: string): (error: unknown) => readonly string[] {
  return (error) => {
    if (!(error instanceof InputError)) throw error
    return error.problems.map((problem) => `${setting}: ${problem}`)
  }
}
