import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { ERROR_CODES, type ErrorCode } from "../errors/codes.ts";
import { WarrenError } from "../errors/warren-error.ts";
import { fromStatus, toStatus } from "./status.ts";

const failed = (fields: Partial<ServiceError>): ServiceError =>
  Object.assign(new Error("14 UNAVAILABLE: gone"), {
    code: status.UNAVAILABLE,
    details: "",
    metadata: new Metadata(),
    ...fields,
  });

describe("errors over gRPC", () => {
  it.each(Object.keys(ERROR_CODES) as ErrorCode[])("carry %s and its message to the other side", (code) => {
    const sent = toStatus(new WarrenError(code, "what to do"));
    expect(sent.code).not.toBe(status.OK);
    expect(fromStatus(failed(sent), "10.0.0.1:7443")).toMatchObject({ code, message: "what to do" });
  });

  it.each([
    [
      {
        code: status.UNAVAILABLE,
        details: "No connection established. Last error: Error: read ECONNRESET. Resolution note: ",
      },
      "unavailable",
      "the control plane at c:7443 does not answer: read ECONNRESET",
    ],
    [{ code: status.DEADLINE_EXCEEDED, details: "Deadline exceeded" }, "unavailable", "Deadline exceeded"],
    [{ code: status.UNIMPLEMENTED, details: "" }, "version-mismatch", "older than this node, or not Warren"],
    [{ code: status.UNAUTHENTICATED, details: "no" }, "unauthenticated", "gRPC status 16: no"],
    [{ code: status.DATA_LOSS, details: "odd" }, "internal", "gRPC status 15: odd"],
  ] as const)("that are not ours become one of ours: %j", (fields, code, said) => {
    const error = fromStatus(failed(fields), "c:7443");
    expect(error.code).toBe(code);
    expect(error.message).toContain(said);
  });

  it("do not take a code from the wire that we do not have", () => {
    const metadata = new Metadata();
    metadata.set("warren-code", "constructor");
    expect(fromStatus(failed({ metadata }), "c:7443").code).toBe("unavailable");
  });
});
