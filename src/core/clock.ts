/** The idea of now: epoch milliseconds. The real clock is made in one place, `app/service.ts`. */
export type Clock = () => number

/**
 * The same clock for measuring how long something takes: where the day's clock is set back, this
 * one stands still for that moment and goes on.
 */
export function steady(clock: Clock): Clock {
  let last = clock()
  let lost = 0
  return () => {
    const now = clock() + lost
    if (now < last) lost += last - now
    last = Math.max(last, now)
    return last
  }
}
