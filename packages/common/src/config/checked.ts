import { z } from "zod";

/** A value that `read` accepts, in the form that it returns; what it throws becomes the message. */
export function checked(read: (text: string) => string) {
  return z.string().transform((text, context) => {
    try {
      return read(text);
    } catch (error) {
      context.addIssue({ code: "custom", message: (error as Error).message });
      return z.NEVER;
    }
  });
}
