/** Told what is being done and how much of the whole is behind it, 0 to 1. */
export type ShowProgress = (share: number, what: string) => void;
