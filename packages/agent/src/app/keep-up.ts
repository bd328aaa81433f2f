/**
 * Runs work that may wait for nothing but timers: those of the clock do not keep a process up, which would end with its
 * work half done.
 */
export async function keepUp<T>(work: () => Promise<T>): Promise<T> {
  const alive = setInterval(() => {}, 2 ** 30);
  try {
    return await work();
  } finally {
    clearInterval(alive);
  }
}
