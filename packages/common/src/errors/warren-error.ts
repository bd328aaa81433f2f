import { ERROR_CODES, type ErrorCode, isErrorCode } from "./codes.ts";

/** The plain form of an error, for a thread boundary, the local API and gRPC metadata. */
export interface ErrorObject {
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * The one error class of the cold path. The message says what was wrong, what was expected, and what to do, in the
 * words of the user; it never holds a secret. Match on `code`, never on the text.
 */
export class WarrenError extends Error {
  override readonly name: string = "WarrenError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** True when the same call may succeed later without anybody changing anything. */
  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }

  /** Exit code of a command that ends with this error. */
  get exitCode(): number {
    return ERROR_CODES[this.code].exit;
  }

  toObject(): ErrorObject {
    return { code: this.code, message: this.message };
  }

  /** The other way; what is not an `ErrorObject` becomes `internal`. */
  static fromObject(value: unknown): WarrenError {
    const object = (value ?? {}) as Partial<ErrorObject>;
    return isErrorCode(object.code) && typeof object.message === "string"
      ? new WarrenError(object.code, object.message)
      : new WarrenError("internal", `an error of unknown form arrived: ${JSON.stringify(value)}`);
  }

  /** Any thrown value as a `WarrenError`; what is not one already becomes `internal` and keeps its cause. */
  static from(thrown: unknown): WarrenError {
    if (thrown instanceof WarrenError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new WarrenError("internal", message, { cause: thrown });
  }
}
