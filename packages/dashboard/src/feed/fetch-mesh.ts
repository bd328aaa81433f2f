import type { MeshView } from "@warren/common/api/mesh-view.ts";

/**
 * The picture of the mesh from the control plane that served this page.
 * @throws Error whose message says in the user's words what came instead
 */
export async function fetchMesh(signal: AbortSignal): Promise<MeshView> {
  const response = await fetch("v1/mesh", { signal, cache: "no-store" }).catch((error: unknown) => {
    // Browsers say "Failed to fetch", each in its own words.
    throw error instanceof TypeError ? new Error("no connection") : error;
  });
  if (!response.ok) throw new Error(`it answers ${response.status} ${response.statusText}`.trimEnd());
  const answer: unknown = await response.json().catch(() => null);
  if (!isMeshView(answer)) throw new Error("what answers is not a control plane of Warren");
  return answer;
}

/** Only what tells a control plane from a proxy's error page: the rest is the contract's. */
function isMeshView(answer: unknown): answer is MeshView {
  return typeof answer === "object" && answer !== null && "cluster" in answer && "nodes" in answer;
}
