import { describe, expect, it } from "vitest";
import { acceptRules, planAccept } from "./docker-user.ts";

const RULES = acceptRules(["warren0", "wrn+"]);
const CLEAN = "-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n";

describe("accept rules for pod traffic", () => {
  it("are not needed on a host that forwards", () => {
    expect(planAccept(CLEAN, RULES)).toBeNull();
  });

  it("go to FORWARD where its policy drops", () => {
    const plan = planAccept(CLEAN.replace("FORWARD ACCEPT", "FORWARD DROP"), RULES);
    expect(plan).toEqual({ chain: "FORWARD", missing: RULES });
  });

  it("go to DOCKER-USER where there is one, and each only once", () => {
    const docker = `${CLEAN}-N DOCKER-USER\n-A DOCKER-USER -i warren0 -j ACCEPT\n-A DOCKER-USER -j RETURN\n`;
    const plan = planAccept(docker, RULES);
    expect(plan?.chain).toBe("DOCKER-USER");
    expect(plan?.missing.map((rule) => rule.join(" "))).toEqual([
      "-o warren0 -j ACCEPT",
      "-i wrn+ -j ACCEPT",
      "-o wrn+ -j ACCEPT",
    ]);
  });
});
