/** What a reader of YAML says, without what stands there in the file: that may be a password. */
export function withoutCitation(message: string): string {
  return message.replace(/: .*$|(?<=escape sequence) .*$/s, '')
}
