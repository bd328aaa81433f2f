import { createLab, type Lab, uniqueLabName } from "@warren/e2e/lab/lab.ts";
import type { LabOptions } from "@warren/e2e/lab/plan.ts";

/**
 * Runs `use` on a lab and removes the lab whatever happens, with the proof that nothing is left. A kill that cannot be
 * caught leaves the lab to the next run of any lab, which sweeps away those whose owner is dead.
 */
export async function withLab<T>(options: Omit<LabOptions, "name">, use: (lab: Lab) => Promise<T>): Promise<T> {
  const lab = await createLab({ ...options, name: uniqueLabName("wb") });
  try {
    return await use(lab);
  } finally {
    await lab.close();
  }
}
