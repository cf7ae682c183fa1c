/**
 * Answers: the unattended files of an installer, for one machine. What is in them is another's to
 * say; here is only what they are handed out as.
 */

/** One file, as the installer asks for it below its answers' URL. */
export interface AnswerFile {
  /** `photon.json`, `ks.cfg`, `preseed.cfg`, `user-data`: what comes after the last slash. */
  readonly name: string
  /** Media type, with its charset. */
  readonly type: string
  readonly text: string
  /** Instead of the text, where the file is none: Alpine's packed settings. */
  readonly octets?: Uint8Array | undefined
}

/** What answers may say of where things are; no URL ends with a slash. */
export interface AnswerUrls {
  /** Ours, as the machine reaches us: `http://192.168.50.1`. */
  readonly server: string
  /** Where its answers lie: `http://192.168.50.1/ks/TOKEN`. */
  readonly answers: string
  /** What it fetches when it is installed. */
  readonly done: string
  /** The image's folder: `http://192.168.50.1/boot/photon`. */
  readonly image: string
}

/**
 * Renders the answers of the host of this name. Throws InputError, with file and line, when its
 * source is wrong. None where the host has none.
 */
export type AnswersOf = (host: string, urls: AnswerUrls) => Promise<readonly AnswerFile[]>
