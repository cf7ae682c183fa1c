/** The idea of now: epoch milliseconds. The real clock is made in one place, `app/service.ts`. */
export type Clock = () => number
