/**
 * What a GET or HEAD gets of a file: first its conditions, then its range. RFC 9110 §13.2, §14.2.
 */
import { type HeaderFields, fieldText } from './header-fields.ts'
import { type Validators, checkConditions, rangeIsCurrent } from './http-conditions.ts'
import { type RangeAnswer, chooseRange } from './http-range.ts'

export interface Selection {
  readonly status: 200 | 206 | 304 | 412 | 416
  readonly range: RangeAnswer
}

export interface SelectingRequest {
  readonly method: string
  readonly headers: HeaderFields
}

const whole: RangeAnswer = { type: 'whole' }
const statuses = { whole: 200, part: 206, unsatisfiable: 416 } as const

/** `size` in octets; undefined while nobody knows, and then nothing is cut. A Range on HEAD is ignored. */
export function select(
  { method, headers }: SelectingRequest,
  validators: Validators,
  size: number | undefined,
  now: number,
): Selection {
  const verdict = checkConditions(headers, validators)
  if (verdict === 'failed') return { status: 412, range: whole }
  if (verdict === 'unchanged') return { status: 304, range: whole }
  if (method !== 'GET' || size === undefined || !rangeIsCurrent(headers, validators, now)) {
    return { status: 200, range: whole }
  }
  const range = chooseRange(fieldText(headers, 'range'), size)
  return { status: statuses[range.type], range }
}
